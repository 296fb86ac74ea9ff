//! The quick way and the parser give the same trees.

use super::{Start, read};
use crate::{
    source::Text,
    tree::{Documents, Kind, NodeId, Tree},
};
use proptest::{collection::vec, prelude::*, test_runner::FileFailurePersistence};
use std::fmt::Write as _;

/// The tree in words, with every place.
fn dump(tree: &Tree<'_>, node: NodeId, depth: usize, out: &mut String) {
    let place = tree.place(node);
    write!(out, "{:depth$}{}:{} {}..{} ", "", place.line, place.column, place.start, place.end).unwrap();
    match &tree.nodes[node.0 as usize].kind {
        Kind::Scalar { text, plain } => writeln!(out, "{text:?} {plain}").unwrap(),
        Kind::Sequence { first, len } => {
            writeln!(out, "sequence").unwrap();
            tree.edges(*first, *len).iter().for_each(|child| dump(tree, *child, depth + 1, out));
        }
        Kind::Mapping { first, pairs } => {
            writeln!(out, "mapping").unwrap();
            tree.edges(*first, *pairs * 2).iter().for_each(|child| dump(tree, *child, depth + 1, out));
        }
    }
}

fn quick(text: &str) -> Option<String> {
    let (tree, root) = read(text, Start::default())?;
    let mut out = String::new();
    dump(&tree, root, 0, &mut out);
    Some(out)
}

fn parsed(text: &str) -> String {
    let text = Text { name: "input".into(), text: text.into() };
    let mut found = Vec::new();
    let mut out = String::new();
    let mut documents = Documents::new(&text, &mut found);
    while let Some(document) = documents.next() {
        dump(&document.tree, document.root, 0, &mut out);
    }
    for diagnostic in found {
        writeln!(out, "{}", diagnostic.message).unwrap();
    }
    out
}

/// The two agree, where the quick way has an answer at all.
#[track_caller]
fn agree(text: &str) -> bool {
    let quick = quick(text);
    if let Some(quick) = &quick {
        assert_eq!(quick, &parsed(text), "{text}");
    }
    quick.is_some()
}

const BLOCK: &str = "\
---
# a pod
apiVersion: v1
kind: Pod
metadata:
  name: web-0
  labels:
    app.kubernetes.io/name: web
  annotations: {a: \"b\", 'c': d}

  creationTimestamp: \"2025-01-01T00:00:00Z\"
spec:
  containers:
  - name: main
    image: registry.example/app:1.0
    args: [--, \"x\"]
    ports:
      - containerPort: 80
        protocol: TCP
      - containerPort: 81
    command:
    - sh
    - '-c'
    - sleep 1000
  - - a
    - b
  hostNetwork: false
status: {}
";

const JSON: &str = r#"{
    "apiVersion": "v1",
    "items": [
        {"a": 1, "b": -2.5e3, "c": null, "d": true, "e": "x\n\"y\"", "f":{}, "g":[]},
        []
    ],
    "kind": "List"
}
"#;

#[test]
fn what_programs_print_is_read_quickly() {
    assert!(agree(&BLOCK.replace("    args: [--, \"x\"]\n", "")));
    assert!(agree(JSON));
    assert!(agree("a: 1"));
    assert!(agree("- a\n- b: c\n"));
    assert!(agree("{}"));
}

#[test]
fn places_are_those_of_the_whole_text() {
    let (tree, root) = read("---\na: b\n", Start { offset: 100, lines: 10, column: 0 }).unwrap();
    let mut out = String::new();
    dump(&tree, root, 0, &mut out);
    assert_eq!(out, "12:1 104..108 mapping\n 12:1 104..105 \"a\" true\n 12:4 107..108 \"b\" true\n");
}

#[test]
fn what_is_unusual_is_left_to_the_parser() {
    for text in [
        "",
        "a: &b c",
        "a: *b",
        "a: !!str 1",
        "a: |\n  b\n",
        "a: b\n  c\n",
        "a: b # c\n",
        "a: 1\na: 2\n",
        "\ta: b",
        "a: \u{e9}\n",
        "a:b",
        "a: b: c",
        "? a\n: b",
        "%YAML 1.2\n---\na: b\n",
        "[a: b]",
        "[a,]",
        "{a}",
        "{\"a\": \"\\u00e9\"}",
        "a: b\n...\n",
        "[a,\n...\n]\n",
        "--- a: b\n",
        "a: b\n---\nc: d\n",
        "a:\n b: c\n  d: e\n",
        "<<: {a: b}\n",
        "- \n- a\n",
    ] {
        assert_eq!(quick(text), None, "{text:?}");
    }
}

const PIECES: [&str; 40] = [
    "\n", "\n", "\n", "  ", "  ", " ", ": ", ": ", ":", "- ", "- ", "-", "---\n", "...", "[", "]", "{", "}",
    "{", "}", "'", "\"", "\"", ", ", ",", "# ", "\\", "\\n", "a", "b", "c", "1", "null", "a: b\n", "a:\n",
    "b:\n", "  - c\n", "- d: e\n", "\"k\": ", "<<",
];

/// Nested values of JSON as text, over one or several lines.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i32>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        "\"([ -!#-\\[\\]-~]|\\\\[\"\\\\/nt]){0,8}\"",
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let gap = prop::sample::select(vec!["", " ", "\n", "\n    "]);
        let pairs = vec(("\"[a-d]{1,2}\"", inner.clone()), 0..5);
        prop_oneof![
            (vec(inner, 0..5), gap.clone())
                .prop_map(|(items, gap)| format!("[{gap}{}{gap}]", items.join(&format!(",{gap}")))),
            (pairs, gap).prop_map(|(pairs, gap)| {
                let pairs: Vec<String> =
                    pairs.iter().map(|(key, value)| format!("{key}:{gap}{value}")).collect();
                format!("{{{gap}{}{gap}}}", pairs.join(&format!(",{gap}")))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::with_cases(4_000) })]

    #[test]
    fn pieces(pieces in vec(prop::sample::select(&PIECES[..]), 0..30)) {
        agree(&pieces.concat());
    }

    #[test]
    fn any_json(text in json()) {
        agree(&text);
    }

    #[test]
    fn mutated(
        text in prop::sample::select(vec![BLOCK, JSON]),
        edits in vec((any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(&PIECES[..])), 1..5),
    ) {
        let mut bytes = text.as_bytes().to_vec();
        for (at, gone, new) in edits {
            let at = at.index(bytes.len() + 1);
            let end = at.saturating_add(gone).min(bytes.len());
            bytes.splice(at..end, new.bytes());
        }
        agree(&String::from_utf8(bytes).unwrap());
    }
}
