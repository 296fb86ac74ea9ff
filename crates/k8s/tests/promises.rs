//! Every file of `promises`: what is said about it, and what is read of it.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use sekisho_core::promise::{Group, Promise};
use sekisho_k8s::{
    promise::{Promises, read_promises, read_promises_text},
    render,
};
use std::{fs, path::Path, sync::Arc};

fn shown(promises: &Promises) -> String {
    let mut parts: Vec<String> =
        promises.diagnostics.iter().map(|found| render(found, &promises.sources, false)).collect();
    let read: Vec<String> = promises.promises.iter().map(promise).collect();
    parts.push(format!("read:\n{}", read.join("\n")));
    parts.join("\n\n")
}

fn promise(promise: &Promise) -> String {
    let mut lines = vec![format!("  {}: {promise}", promise.name)];
    lines.extend(promise.because.iter().map(|because| format!("    because {because}")));
    if promise.may_match_nothing {
        lines.push("    may match nothing".to_owned());
    }
    lines.extend(promise.who.iter().chain(&promise.whom).map(|found| format!("    {}", group(found))));
    lines.join("\n")
}

fn group(group: &Arc<Group>) -> String {
    let except: Vec<&str> = group.except.iter().map(|group| &*group.name).collect();
    format!("{} = {:?} except {except:?}", group.name, group.members)
}

#[test]
fn files_of_promises_read_as_shown() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promises");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 7, "only {} files", files.len());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let promises = read_promises_text(name, &fs::read(&file).unwrap());
        insta::assert_snapshot!(name.trim_end_matches(".yaml"), shown(&promises));
    }
}

#[test]
fn a_folder_is_read_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version: 1\npromises: [{name: one, who: cluster, cannot reach: internet}]\n";
    fs::write(folder.path().join("a.yaml"), text).unwrap();
    assert!(!read_promises(&[folder.path().to_owned()]).unwrap().has_errors());
    fs::write(folder.path().join("b.yaml"), text).unwrap();
    let twice = read_promises(&[folder.path().to_owned()]).unwrap();
    assert_eq!(twice.diagnostics.len(), 1);
    assert_eq!(twice.diagnostics.first().unwrap().code, "duplicate-name");
    assert!(read_promises(&[folder.path().join("c.yaml")]).is_err());
}

#[test]
fn a_text_that_is_no_text_is_told() {
    let promises = read_promises_text("p.yaml", b"version: 1\n\xff");
    assert!(promises.has_errors());
    let syntax = read_promises_text("p.yaml", b"version: [1\n");
    assert!(syntax.has_errors() && syntax.promises.is_empty());
}
