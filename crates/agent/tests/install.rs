//! The plugin in the configuration of a node's network.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/plugin.rs"]
mod support;

use serde_json::Value;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Output},
    thread,
    time::Duration,
};
use support::files;

const FLANNEL: &str = r#"{
  "name": "cbr0",
  "cniVersion": "0.3.1",
  "plugins": [
    {
      "type": "flannel",
      "delegate": {
        "hairpinMode": true,
        "isDefaultGateway": true
      }
    },
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      }
    }
  ]
}
"#;

const KINDNET: &str = "{\n\t\"cniVersion\": \"0.3.1\",\n\t\"name\": \"kindnet\",\n\t\"plugins\": [\n\t{\n\t\t\"type\": \"ptp\",\n\t\t\"ipMasq\": false,\n\t\t\"ipam\": {\"type\": \"host-local\", \"ranges\": [[{\"subnet\": \"10.244.0.0/24\"}]]}\n\t\t,\n\t\t\"mtu\": 1500\n\t}\n\t]\n}";

const BRIDGE: &str = r#"{
    "cniVersion": "1.0.0",
    "name": "bridge",
    "type": "bridge",
    "bridge": "cni0",
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.85.0.0/16"}], [{"subnet": "1100:200::/24"}]]}
}
"#;

const PTP: &str = r#"{"cniVersion":"1.0.0","name":"ptp","plugins":[{"type":"ptp","ipam":{"type":"host-local","subnet":"10.1.0.0/24"}},{"type":"portmap","snat":true}],"disableCheck":false}"#;

const ENTRY: &str = r#"{ "type": "sekisho-cni", "socket": "/run/sekisho/agent.sock" }"#;

fn install(folder: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho-agent"));
    command.arg("install-cni").arg("--bin").arg(folder.join("bin")).arg("--conf").arg(folder.join("net.d"));
    command.args(options).output().unwrap()
}

fn installed(folder: &Path, options: &[&str]) -> String {
    let output = install(folder, options);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &Path, options: &[&str]) -> String {
    let output = install(folder, options);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn node(networks: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("net.d")).unwrap();
    for (name, text) in networks {
        fs::write(folder.path().join("net.d").join(name), text).unwrap();
    }
    folder
}

fn networks(folder: &Path) -> Vec<(String, String)> {
    files(&folder.join("net.d"))
}

/// The types of the plugins of a list.
fn plugins(text: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(text).unwrap();
    let plugins = list["plugins"].as_array().unwrap();
    plugins.iter().map(|plugin| plugin["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_program_is_copied_once() {
    let node = node(&[("10-flannel.conflist", FLANNEL)]);
    let program = node.path().join("bin/sekisho-cni");
    assert!(installed(node.path(), &[]).contains("sekisho-cni` is installed\n"));
    let copied = fs::metadata(&program).unwrap();
    assert_eq!(copied.permissions().mode() & 0o777, 0o755);
    assert!(installed(node.path(), &[]).contains("sekisho-cni` is installed already\n"));
    fs::write(&program, "another version").unwrap();
    assert!(installed(node.path(), &[]).contains("sekisho-cni` is installed\n"));
    assert_eq!(fs::metadata(&program).unwrap().len(), copied.len());
    let names = fs::read_dir(node.path().join("bin")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["sekisho-cni"], "nothing else is left");
}

#[test]
fn the_plugin_is_the_last_of_a_list_and_all_else_stays() {
    let lists = [
        (FLANNEL, FLANNEL.replace("    }\n  ]", &format!("    }},\n    {ENTRY}\n  ]"))),
        (KINDNET, KINDNET.replace("\t}\n\t]", &format!("\t}},\n\t{ENTRY}\n\t]"))),
        (PTP, PTP.replace("true}]", &format!("true}},{ENTRY}]"))),
        (
            &FLANNEL.replace('\n', "\r\n"),
            FLANNEL.replace('\n', "\r\n").replace("    }\r\n  ]", &format!("    }},\r\n    {ENTRY}\r\n  ]")),
        ),
    ];
    for (before, after) in lists {
        let node = node(&[("10-a.conflist", before), ("99-loopback.conf", "{}")]);
        assert!(installed(node.path(), &[]).contains("10-a.conflist` has the plugin now\n"));
        let loopback = ("99-loopback.conf".to_owned(), "{}".to_owned());
        assert_eq!(networks(node.path()), [("10-a.conflist".to_owned(), after.clone()), loopback.clone()]);
        assert!(installed(node.path(), &[]).contains("10-a.conflist` has the plugin already\n"));
        assert_eq!(networks(node.path())[0].1, after);
        assert!(installed(node.path(), &["--remove"]).contains("10-a.conflist` no longer has the plugin\n"));
        assert_eq!(networks(node.path()), [("10-a.conflist".to_owned(), before.to_owned()), loopback]);
        assert!(installed(node.path(), &["--remove"]).starts_with("no network in "));
        assert!(node.path().join("bin/sekisho-cni").exists(), "pods that are there need it");
    }
}

#[test]
fn a_lone_configuration_becomes_a_list_before_it() {
    for name in ["10-bridge.conf", "10-bridge.json"] {
        let node = node(&[(name, BRIDGE), ("10-bridge2.conf", "{}")]);
        installed(node.path(), &[]);
        let (made, text) = networks(node.path())[0].clone();
        assert_eq!(made, "10-bridge-sekisho.conflist");
        assert!(text.contains(BRIDGE.trim()), "{text}");
        assert_eq!(plugins(&text), ["bridge", "sekisho-cni"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&list["name"], &list["cniVersion"]), (&"bridge".into(), &"1.0.0".into()));
        assert!(installed(node.path(), &[]).contains("has the plugin already"));

        fs::write(node.path().join("net.d").join(name), BRIDGE.replace("cni0", "cni1")).unwrap();
        assert!(installed(node.path(), &[]).contains("has the plugin now"), "it follows what it is made of");
        assert!(networks(node.path())[0].1.contains("cni1"));
        installed(node.path(), &["--remove"]);
        assert_eq!(networks(node.path()).len(), 2);
        assert_eq!(networks(node.path())[0].0, name);
    }
}

#[test]
fn a_list_that_was_made_of_what_is_gone_goes() {
    let node = node(&[("10-bridge.conf", BRIDGE)]);
    installed(node.path(), &[]);
    fs::remove_file(node.path().join("net.d/10-bridge.conf")).unwrap();
    fs::write(node.path().join("net.d/20-flannel.conflist"), FLANNEL).unwrap();
    installed(node.path(), &[]);
    let found = networks(node.path());
    assert_eq!(found.len(), 1);
    assert_eq!(plugins(&found[0].1), ["flannel", "portmap", "sekisho-cni"]);
}

#[test]
fn another_socket_changes_the_entry_alone() {
    let node = node(&[("10-flannel.conflist", FLANNEL)]);
    installed(node.path(), &[]);
    let with = fs::read_to_string(node.path().join("net.d/10-flannel.conflist")).unwrap();
    installed(node.path(), &["--socket", "/run/other.sock"]);
    assert_eq!(networks(node.path())[0].1, with.replace("/run/sekisho/agent.sock", "/run/other.sock"));
    let chained = PTP.replace("},{", "},{\"type\":\"sekisho-cni\",\"timeoutSeconds\":20},{");
    fs::write(node.path().join("net.d/00-ptp.conflist"), &chained).unwrap();
    assert!(installed(node.path(), &[]).contains("00-ptp.conflist` has the plugin already"), "in its place");
    installed(node.path(), &["--socket", "/run/other.sock"]);
    let text = fs::read_to_string(node.path().join("net.d/00-ptp.conflist")).unwrap();
    assert!(
        text.contains(r#"{ "socket": "/run/other.sock","type":"sekisho-cni","timeoutSeconds":20}"#),
        "{text}"
    );
    installed(node.path(), &["--remove"]);
    assert_eq!(networks(node.path())[0].1, PTP);
    assert_eq!(networks(node.path())[1].1, FLANNEL);
}

#[test]
fn permissions_and_links_stay() {
    let node = node(&[("flannel", FLANNEL)]);
    let (real, link) = (node.path().join("net.d/flannel"), node.path().join("net.d/10-flannel.conflist"));
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("flannel", &link).unwrap();
    installed(node.path(), &[]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(plugins(&fs::read_to_string(&real).unwrap()), ["flannel", "portmap", "sekisho-cni"]);
}

#[test]
fn a_network_that_is_not_there_yet_is_waited_for() {
    let node = node(&[]);
    assert!(refused(node.path(), &[]).contains("--wait"));
    let said = refused(node.path(), &["--wait", "1"]);
    assert!(said.contains("net.d` yet; waiting"), "{said}");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            // Half of it first, as a program that copies does.
            fs::write(node.path().join("net.d/10-flannel.conflist"), &FLANNEL[..40]).unwrap();
            thread::sleep(Duration::from_millis(900));
            fs::write(node.path().join("net.d/10-flannel.conflist"), FLANNEL).unwrap();
        });
        installed(node.path(), &["--wait", "60"]);
    });
    assert_eq!(plugins(&networks(node.path())[0].1), ["flannel", "portmap", "sekisho-cni"]);
}

#[test]
fn what_cannot_be_changed_stays_and_is_named() {
    let broken = [
        ("10-a.conflist", "{", "cannot be read"),
        ("10-a.conflist", "[]", "not an object"),
        ("10-a.conflist", r#"{"cniVersion": "1.0.0"}"#, "no `plugins`"),
        ("10-a.conflist", r#"{"cniVersion": "1.0.0", "plugins": {}}"#, "not a list"),
        ("10-a.conflist", r#"{"cniVersion": "1.0.0", "plugins": []}"#, "empty"),
        ("10-a.conflist", r#"{"cniVersion": "1.0.0", "plugins": [1]}"#, "no `type`"),
        (
            "10-a.conflist",
            r#"{"cniVersion": "1.0.0", "plugins": [{"type": "a"}], "plugins": [{"type": "b"}]}"#,
            "more than once",
        ),
        ("10-a.conflist", r#"{"plugins": [{"type": "a"}]}"#, "version `0.1.0`"),
        ("10-a.conflist", r#"{"cniVersion": "0.2.0", "plugins": [{"type": "a"}]}"#, "version `0.2.0`"),
        ("10-a.conf", r#"{"cniVersion": "1.0.0", "name": "a"}"#, "no `type`"),
        ("10-a.json", r#"{"cniVersion": "1.0.0", "type": "a"}"#, "no `name`"),
    ];
    for (name, text, why) in broken {
        let node = node(&[(name, text)]);
        let said = refused(node.path(), &[]);
        assert!(said.contains(name) && said.contains(why), "{text}: {said}");
        assert_eq!(networks(node.path()), [(name.to_owned(), text.to_owned())]);
    }
    let alone = r#"{"cniVersion": "1.0.0", "plugins": [{"type": "sekisho-cni"}]}"#;
    let node = node(&[("10-a.conflist", alone)]);
    assert!(refused(node.path(), &["--remove"]).contains("take the network out"));
    assert_eq!(networks(node.path())[0].1, alone);
}
