//! `sekisho exposure` as people run it.

#![allow(clippy::unwrap_used, reason = "a test says what must hold")]

use std::{path::Path, process::Command};

/// What is printed, and the exit status.
fn exposure(arguments: &[&str]) -> (String, String, i32) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.arg("exposure").args(arguments).current_dir(folder);
    let output = command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

#[test]
fn every_form_says_the_same() {
    for form in ["table", "md", "csv"] {
        let (out, err, code) = exposure(&["-o", form, "exposure.yaml"]);
        assert_eq!((err.as_str(), code), ("", 1), "{form}");
        insta::assert_snapshot!(form, out.replace('\r', ""));
    }
}

#[test]
fn what_a_person_tells_settles_what_manifests_cannot() {
    let json = |more: &[&str]| -> serde_json::Value {
        let (out, ..) = exposure(&[&["-o", "json", "exposure.yaml"], more].concat());
        serde_json::from_str(&out).unwrap()
    };
    let answer = |json: &serde_json::Value, path: &str| {
        let ways = json.get("ways").unwrap().as_array().unwrap().clone();
        let way = ways.into_iter().find(|way| way["path"].as_str().unwrap().contains(path)).unwrap();
        way["answer"].as_str().unwrap().to_owned()
    };
    let plain = json(&[]);
    assert_eq!(answer(&plain, "Ingress shop/shop shop.example.com/="), "unknown");
    assert_eq!(answer(&plain, "Service shop/db:443"), "unreachable");
    let told = json(&["--controller", "infra/agent", "--balancer", "10.0.0.0/16"]);
    assert_eq!(answer(&told, "Ingress shop/shop shop.example.com/="), "reachable");
    assert_eq!(answer(&told, "Service shop/db:443"), "unreachable");
}

#[test]
fn what_cannot_be_is_refused() {
    for (arguments, message) in [
        (["--controller", "infra/nobody", "exposure.yaml"], "no workload or pod of that name"),
        (["--controller", "nobody", "exposure.yaml"], "write `namespace/name` of a workload or a pod"),
        (["--balancer", "everywhere", "exposure.yaml"], "`everywhere` is not an address block"),
    ] {
        let (_, err, code) = exposure(&arguments);
        assert!(err.contains(message), "{err}");
        assert_eq!(code, 2, "{arguments:?}");
    }
}
