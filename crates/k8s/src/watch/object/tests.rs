//! What is heard is read as its manifest is: the two ways to the reader accept and refuse the same, in the
//! same words.

use super::*;
use crate::{
    read_text,
    snapshot::{Snapshot, each_value, kept},
    source::Text,
};
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::FileFailurePersistence};
use serde_json::Map;
use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};

/// The objects of kinds that are watched, of every manifest in the repository.
static OBJECTS: LazyLock<Vec<(Watched, Value)>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut objects = Vec::new();
    for folder in ["tests/fixtures", "../../examples", "../../tests/rules"] {
        for entry in walkdir::WalkDir::new(root.join(folder)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            let is_manifest =
                path.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|one| end == *one));
            if is_manifest && let Ok(text) = fs::read_to_string(&path) {
                let text = Text { name: Arc::default(), text: text.into() };
                each_value(&text, |value| gather(value, &mut objects));
            }
        }
    }
    objects
});

fn gather(mut value: Value, objects: &mut Vec<(Watched, Value)>) {
    if let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) {
        return items.into_iter().for_each(|item| gather(item, objects));
    }
    let kind = Watched::ALL.into_iter().find(|kind| value.get("kind") == Some(&kind.name().into()));
    // The API server gives no object without a name.
    let is_named = |value: &Value| {
        let text = |field: &str| value.pointer(field).is_none_or(Value::is_string);
        value.pointer("/metadata/name").is_some_and(Value::is_string) && text("/metadata/namespace")
    };
    if let Some(kind) = kind
        && is_named(&value)
    {
        objects.push((kind, value));
    }
}

fn kind_of(watched: Watched) -> &'static Kind {
    watched.kind().unwrap()
}

/// What the API server tells.
fn told(watched: Watched, value: &Value) -> Told {
    let (text, kind) = (value.to_string(), kind_of(watched));
    match watched {
        Watched::Namespace | Watched::Node | Watched::Pod => {
            Told::of::<false>(kind, watched, serde_json::from_str(&text).unwrap())
        }
        _ => Told::of::<true>(kind, watched, serde_json::from_str(&text).unwrap()),
    }
}

/// The whole of it, as a manifest in the form in which `heard` is read.
fn manifest(watched: Watched, value: &Value) -> Map<String, Value> {
    let kind = kind_of(watched);
    let mut value = value.as_object().unwrap().clone();
    value.insert("apiVersion".to_owned(), kind.api_version().into());
    value["metadata"].as_object_mut().unwrap().remove("annotations");
    value
}

/// Reads it by its text.
fn as_text(watched: Watched, id: &Id, value: &Value) -> Result<Object, Vec<String>> {
    let mut snapshot = Snapshot::new(None);
    snapshot.add(Value::Object(manifest(watched, value)), "default");
    let (name, text) = snapshot.texts("").pop().unwrap();
    let mut reading = read_text(&name, text.as_bytes(), &Options::default());
    match reading.has_errors() {
        true => Err(reading.diagnostics.iter().map(|found| found.message.to_string()).collect()),
        false => Ok(only(watched, id, &mut reading.cluster).unwrap()),
    }
}

/// In words, without places: those of a text are not those of a value.
fn shown(read: &Result<Object, Vec<String>>) -> String {
    let text = format!("{read:#?}");
    let mut places = 0;
    let lines = text.lines().filter(|line| {
        let begins = line.trim_start().starts_with("origin: Origin {") || places > 0;
        places += if begins { line.matches('{').count() } else { 0 };
        places -= if begins { line.matches('}').count() } else { 0 };
        !begins
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether it is accepted, when both ways have said the same of it.
fn agree(watched: Watched, value: &Value) -> bool {
    let told = told(watched, value);
    let read = told.object.map_err(|unread| unread.reasons);
    let text = as_text(watched, &told.id, value);
    assert_eq!(shown(&read), shown(&text), "{value}");
    read.is_ok()
}

#[test]
fn every_manifest_is_read_alike() {
    let mut seen = BTreeSet::new();
    for (watched, value) in OBJECTS.iter() {
        seen.insert((*watched, agree(*watched, value)));
    }
    for kind in Watched::ALL {
        assert!(seen.contains(&(kind, true)), "there is no good {kind} among them");
    }
    assert!(seen.contains(&(Watched::NetworkPolicy, false)) && seen.contains(&(Watched::Pod, false)));
}

/// What nobody reads is passed over, and only that.
#[test]
fn what_is_kept_of_an_object_is_heard() {
    let pod: Value = serde_json::from_str(include_str!("pod.json")).unwrap();
    let heard: Heard<false> = serde_json::from_str(include_str!("pod.json")).unwrap();
    let written = format!("{heard:?}");
    for absent in ["managedFields", "SECRET", "volumes", "last-applied", "conditions", "image"] {
        assert!(!written.contains(absent), "{absent}: {written}");
    }
    assert_eq!(heard.annotation(MIRROR).as_deref(), Some("5f0c"));
    assert_eq!((heard.created(), heard.version()), (Some(1_795_867_200), Some("4711")));
    assert_eq!(
        heard.manifest(kind_of(Watched::Pod)),
        kept(kind_of(Watched::Pod), manifest(Watched::Pod, &pod), None)
    );
    assert!(agree(Watched::Pod, &pod));
}

#[test]
fn values_that_lie_too_deep_are_refused() {
    let deep = |levels| (0..levels).fold(json!(1), |value, _| json!([value]));
    let policy = |levels| json!({"kind": "NetworkPolicy", "metadata": {"name": "a"}, "spec": {"ingress": deep(levels)}});
    let id = Id { key: ObjectKey::new("", "a"), uid: "".into() };
    let read = read(Watched::NetworkPolicy, &id, &policy(200));
    assert_eq!(read, Err(vec!["values lie more than 128 deep in one another".to_owned()]));
}

/// The values of an object but its name, by the way to each.
fn ways(value: &Value, way: &str, ways: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let way = format!("{way}/{}", key.replace('~', "~0").replace('/', "~1"));
                if !["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"].contains(&way.as_str())
                {
                    self::ways(value, &way, ways);
                    ways.extend((way != "/metadata").then_some(way));
                }
            }
        }
        Value::Array(entries) => {
            for (at, value) in entries.iter().enumerate() {
                let way = format!("{way}/{at}");
                self::ways(value, &way, ways);
                ways.push(way);
            }
        }
        _ => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    const TEXTS: &[&str] = &[
        "",
        "x",
        "TCP",
        "tcp",
        "In",
        "Exists",
        "Ingress",
        "10.0.0.0/8",
        "10.0.0.1",
        "::/0",
        "true",
        "80",
        "-a",
        "関",
        "a\n\"b\"",
    ];
    prop_oneof![
        prop::sample::select(TEXTS).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(&[0_i64, 1, 80, -1, 65_535, 65_536, i64::MAX][..]).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            json!(null),
            json!({}),
            json!([]),
            json!([null]),
            json!({"a": "b"}),
            json!({"podSelector": {}}),
            json!([{"port": 80, "endPort": 79}])
        ]),
    ]
}

/// One change of an object: at a value, another one, another name, or nothing.
#[derive(Clone, Debug)]
enum Edit {
    Other(Value),
    Beside(&'static str, Value),
    Gone,
}

fn edit() -> impl Strategy<Value = (Index, Edit)> {
    const NAMES: &[&str] = &[
        "ibBlock",
        "ports",
        "from",
        "to",
        "ipBlock",
        "namespaceSelector",
        "matchLabels",
        "matchExpressions",
        "values",
        "endPort",
        "hostNetwork",
        "podIPs",
        "labels",
        "ownerReferences",
        "priority",
        "domainNames",
    ];
    let edit = prop_oneof![
        anything().prop_map(Edit::Other),
        (prop::sample::select(NAMES), anything()).prop_map(|(name, value)| Edit::Beside(name, value)),
        Just(Edit::Gone),
    ];
    (any::<Index>(), edit)
}

fn change(object: &mut Value, at: &Index, edit: Edit) {
    let mut ways = Vec::new();
    self::ways(object, "", &mut ways);
    if ways.is_empty() {
        return;
    }
    let way = at.get(&ways);
    let (parent, last) = way.rsplit_once('/').unwrap();
    match (edit, object.pointer_mut(parent)) {
        (Edit::Other(value), _) => *object.pointer_mut(way).unwrap() = value,
        (Edit::Beside(name, value), Some(Value::Object(fields))) => {
            drop(fields.insert(name.to_owned(), value))
        }
        (Edit::Gone, Some(Value::Object(fields))) => {
            drop(fields.remove(&last.replace("~1", "/").replace("~0", "~")))
        }
        (_, Some(Value::Array(entries))) => drop(entries.pop()),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn changed_objects_are_read_alike(of in any::<Index>(), edits in vec(edit(), 1..5)) {
        let (watched, mut value) = of.get(&OBJECTS).clone();
        for (at, edit) in edits {
            change(&mut value, &at, edit);
        }
        agree(watched, &value);
    }
}
