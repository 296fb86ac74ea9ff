//! However policies are laid out, what is built of the files of an environment are its policies.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what must hold")]

mod support;

use proptest::{collection::vec, prelude::*, sample::select, sample::subsequence};
use sekisho_catalog::{Catalog, Files, Layout, layout::MARK};
use sekisho_core::{
    object::{NetworkPolicy, ObjectKey},
    testing::config,
};
use sekisho_k8s::{Options, read_texts};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};
use support::{catalog_of, document, example, generated, placeless};

type Policies = BTreeMap<ObjectKey, NetworkPolicy>;

/// The policies in manifests.
fn read(texts: &[(String, String)]) -> Policies {
    let reading = read_texts(texts.iter().map(|(name, text)| (name, text)), &Options::default());
    assert_eq!(reading.diagnostics, [], "{texts:?}");
    placeless(reading.cluster.policies.values())
}

fn within(files: &Files, folder: &str) -> Vec<(String, String)> {
    let files = files.iter().filter(|(path, _)| path.starts_with(folder));
    files.map(|(path, text)| (path.clone(), text.clone())).collect()
}

/// What Helm makes of the chart: the only words of its language that are in it are these.
fn helm(files: &Files, environment: &str) -> Policies {
    let mut texts = Vec::new();
    for (path, template) in within(files, "templates/") {
        let (mut text, mut shown) = (String::new(), vec![true]);
        for line in template.lines() {
            let word = line.trim_start();
            if let Some(list) = word.strip_prefix("{{- if has .Values.environment (list ") {
                let names = list.strip_suffix(") }}").unwrap();
                let is_here = names.split(' ').any(|name| name == format!("\"{environment}\""));
                shown.push(is_here && *shown.last().unwrap());
            } else if word == "{{- end }}" {
                shown.pop();
            } else {
                assert!(!word.contains("{{"), "{line}");
                if *shown.last().unwrap() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        assert_eq!(shown, [true]);
        texts.push((path, text));
    }
    read(&texts)
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn texts<'v>(value: &'v Value, field: &str) -> Vec<&'v str> {
    let list = value.get(field).and_then(Value::as_array);
    list.into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// What Kustomize makes of the overlay: resources, and JSON patches that only add (RFC 6902).
fn kustomize(files: &Files, environment: &str) -> Policies {
    let base = yaml(&files["base/kustomization.yaml"]);
    let overlay_path = format!("overlays/{environment}");
    let overlay = yaml(&files[&format!("{overlay_path}/kustomization.yaml")]);
    let mut objects: BTreeMap<(String, String), Value> = BTreeMap::new();
    let mut add = |path: String| {
        let object = yaml(&files[&path]);
        let name = |field: &str| object["metadata"][field].as_str().unwrap().to_owned();
        assert!(objects.insert((name("namespace"), name("name")), object).is_none(), "{path}");
    };
    texts(&base, "resources").into_iter().for_each(|path| add(format!("base/{path}")));
    for path in texts(&overlay, "resources") {
        if path != "../../base" {
            add(format!("{overlay_path}/{path}"));
        }
    }
    for patch in overlay.get("patches").and_then(Value::as_array).into_iter().flatten() {
        let target = |field: &str| patch["target"][field].as_str().unwrap().to_owned();
        let object = objects.get_mut(&(target("namespace"), target("name"))).unwrap();
        let steps = yaml(&files[&format!("{overlay_path}/{}", patch["path"].as_str().unwrap())]);
        for step in steps.as_array().unwrap() {
            assert_eq!(step["op"], "add");
            let (list, index) = step["path"].as_str().unwrap().rsplit_once('/').unwrap();
            let list = object.pointer_mut(list).unwrap().as_array_mut().unwrap();
            list.insert(index.parse().unwrap(), step["value"].clone());
        }
    }
    let texts: Vec<(String, String)> = objects
        .into_iter()
        .map(|((namespace, name), object)| (format!("{namespace}/{name}.json"), object.to_string()))
        .collect();
    read(&texts)
}

fn check(catalog: &Catalog) {
    let files = |layout| catalog.files(layout, None);
    for environment in &catalog.environments {
        let name = &*environment.name;
        let wanted = generated(catalog, name);
        let plain = catalog.files(Layout::Plain, Some(name));
        assert_eq!(read(&within(&plain, "")), wanted);
        if catalog.environments.len() > 1 {
            assert_eq!(read(&within(&files(Layout::Plain), &format!("{name}/"))), wanted);
        }
        assert_eq!(helm(&files(Layout::Helm), name), wanted);
        assert_eq!(kustomize(&files(Layout::Kustomize), name), wanted);
        assert_eq!(read(&[("all".into(), catalog.text(Some(name)))]), wanted);
    }
    for layout in [Layout::Plain, Layout::Kustomize, Layout::Helm] {
        for (path, text) in files(layout) {
            // By this line it is known that the file may be replaced.
            let mark = MARK.trim_start_matches("# ");
            assert!(text.lines().take(2).any(|line| line.contains(mark)), "{path}");
        }
    }
}

#[test]
fn the_example() {
    check(&catalog_of(&example()));
}

/// Random catalogs: whom a component lets in differs between environments, at the head, in the middle, at the end,
/// or altogether.
fn catalog() -> impl Strategy<Value = String> {
    let environments = || subsequence(vec!["live", "test", "lab"], 0..=3);
    let roles = || select(vec!["load-balancers", "monitoring", "people", "nat"]);
    let peers = vec((roles(), prop::option::of(environments())), 4);
    let callers = || subsequence(vec!["a", "b", "c", "d", "shop/web", "bank/db", "people"], 0..=7);
    let component = || (callers(), prop::bool::ANY, callers());
    let platform = || subsequence(vec!["a", "b", "c", "d"], 0..=4);
    let parts = (peers, vec(component(), 2), environments(), platform());
    parts.prop_map(|(peers, components, excepted, platform)| {
        let mut text = "version: 1\nenvironments: { live: {}, test: {}, lab: {} }\npeers:\n".to_owned();
        for (at, (name, (role, environments))) in ["a", "b", "c", "d"].iter().zip(peers).enumerate() {
            let some = environments.map(|some| format!(", environments: [{}]", some.join(", ")));
            let some = some.unwrap_or_default();
            text += &format!("  {name}: {{ ranges: 10.{at}.0.0/16, role: {role}, comment: 'is {{{{ it }}}}'{some} }}\n");
        }
        text += "standard: { tiers: { web: { callers: [load-balancers, people] }, db: {} } }\nservices:\n";
        for ((service, component), (callers, closed, calls)) in
            [("shop", "web"), ("bank", "db")].iter().zip(components)
        {
            let egress = if closed { "closed" } else { "open" };
            text += &format!("  {service}:\n    egress: {egress}\n    components:\n      {component}:\n        ports: http\n");
            text += &format!("        callers: [{}]\n        calls: [{}]\n", callers.join(", "), calls.join(", "));
            text += &format!(
                "        exceptions: [{{ from: a, reason: why, until: 2027-01-01, environments: [{}] }}]\n",
                excepted.join(", ")
            );
        }
        // Closed in a namespace that has no baseline: by its own policy, if it calls nobody as well.
        let calls = platform.join(", ");
        text += "  agent:\n    namespace: kube-system\n    egress: closed\n    components:\n";
        text += &format!("      db: {{ calls: [{calls}] }}\n      web: {{ ports: http, egress: open }}\n");
        text
    })
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn any_catalog(text in catalog()) {
        check(&catalog_of(&document(&text)));
    }
}

fn write(files: &Files, folder: &Path) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What `program` prints, or `None` where it is not here, which is said.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    match Command::new(program).args(arguments).current_dir(folder).output() {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        Ok(output) => panic!("{program}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => {
            eprintln!("skipped: `{program}` does not run here ({error})");
            None
        }
    }
}

#[test]
fn the_real_programs_make_the_same_of_it() {
    let catalog = catalog_of(&example());
    for environment in &catalog.environments {
        let name = &*environment.name;
        let wanted = generated(&catalog, name);
        let folder = tempfile::tempdir().unwrap();
        write(&catalog.files(Layout::Kustomize, None), folder.path());
        if let Some(built) = run("kubectl", &["kustomize", &format!("overlays/{name}")], folder.path()) {
            assert_eq!(read(&[("built".into(), built)]), wanted);
        }
        let folder = tempfile::tempdir().unwrap();
        write(&catalog.files(Layout::Helm, None), folder.path());
        let value = format!("environment={name}");
        if let Some(built) = run("helm", &["template", "policies", ".", "--set", &value], folder.path()) {
            assert_eq!(read(&[("built".into(), built)]), wanted);
        }
    }
}

#[test]
fn two_runs_give_the_same() {
    let catalog = catalog_of(&example());
    for layout in [Layout::Plain, Layout::Kustomize, Layout::Helm] {
        assert_eq!(catalog.files(layout, None), catalog_of(&example()).files(layout, None));
    }
    let folders: BTreeSet<String> = catalog
        .files(Layout::Plain, None)
        .keys()
        .map(|path| path.split('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(folders, BTreeSet::from(["development".to_owned(), "production".to_owned()]));
}
