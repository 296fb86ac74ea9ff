//! Whatever is typed, what is told is what a look at everything tells.

use super::*;
use sekisho_lint::Finding;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(of).canonicalize().unwrap()
}

/// The folders below `folder` that have manifests themselves.
fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let has_manifests = entries.iter().any(|path| path.is_file() && sekisho_k8s::is_manifest(path));
    let below = entries.iter().filter(|path| path.is_dir()).flat_map(|path| cases(path));
    has_manifests.then(|| folder.to_owned()).into_iter().chain(below).collect()
}

fn area(folder: &Path) -> Area {
    let mut scope = Scope::of_file(folder);
    scope.standard.today = None;
    Area::load(None, None, scope)
}

/// What is told of an area as it is, in `name` alone where one is given.
fn told<'a>(area: &'a Area, name: Option<&str>) -> Vec<&'a Finding> {
    let findings = area.checked().unwrap().findings.iter();
    findings.filter(|one| name.is_none_or(|name| *one.diagnostic.origin.source == *name)).collect()
}

/// Looks at an area after a change of `name`, and at the same texts with fresh eyes.
fn compare(area: &mut Area, folder: &Path, name: &Arc<str>, what: &str) -> usize {
    let mut fresh = super::Area { texts: area.texts.clone(), ..self::area(folder) };
    fresh.look();
    area.look();
    let at_once = told(area, Some(name));
    assert_eq!(at_once, told(&fresh, Some(name)), "{name}, {what}: at once");
    area.complete(|| false);
    assert!(area.is_complete() || told(area, Some(name)) == told(&fresh, Some(name)), "{name}, {what}");
    area.complete(|| true);
    assert!(area.is_complete());
    assert_eq!(told(area, None), told(&fresh, None), "{name}, {what}: after a while");
    told(&fresh, None).len()
}

/// What may become of a text.
fn edits(texts: &Sources, name: &Arc<str>) -> Vec<(&'static str, Option<String>)> {
    let text = &texts[name];
    let other = texts.iter().find(|(other, _)| *other != name).map(|(_, text)| text.to_string());
    let cut = text.lines().take(text.lines().count() / 2).map(|line| format!("{line}\n")).collect();
    vec![
        ("a line more", Some(format!("# more\n{text}"))),
        ("another namespace", Some(text.replace("namespace: ", "namespace: x"))),
        ("other labels", Some(text.replace("app", "name"))),
        ("other ports", Some(text.replace("80", "81"))),
        ("half of it", Some(cut)),
        ("what another has", other),
        ("nonsense", Some("kind: [".to_owned())),
        ("nothing", None),
    ]
}

fn try_all(of: &str) -> usize {
    let mut found = 0;
    for folder in cases(&folder(of)) {
        let mut area = area(&folder);
        area.look();
        let before = area.texts.clone();
        for name in before.keys() {
            for (what, text) in edits(&before, name) {
                area.set(name, text.as_deref());
                found += compare(&mut area, &folder, name, what);
            }
            area.set(name, Some(&before[name]));
            found += compare(&mut area, &folder, name, "as it was");
        }
    }
    found
}

#[test]
fn of_what_is_typed_all_is_told_at_once_and_of_the_rest_in_the_end() {
    let [rules, mistakes] = ["tests/rules", "examples/mistakes"].map(try_all);
    assert!(rules > 500 && mistakes > 100, "{rules} {mistakes}");
}

#[test]
fn of_what_has_not_changed_nothing_is_looked_at() {
    let folder = folder("examples/mistakes/and-or");
    let mut area = area(&folder);
    area.look();
    let name: Arc<str> = folder.join("policy.yaml").display().to_string().into();
    let text = Arc::clone(&area.texts[&name]);
    area.set(&name, Some(&text));
    assert!(area.is_complete());
    area.set(&name, Some(&format!("# x\n{text}")));
    assert!(!area.is_complete());
    area.complete(|| false);
    assert!(!area.is_complete(), "somebody types");
    area.complete(|| true);
    assert!(area.is_complete());
}
