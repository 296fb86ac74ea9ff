//! A shell in a pod.

use super::fixture::{cluster, lab, pod, service};
use sekisho_core::set::Protocol::Tcp;
use sekisho_lab::{Applied, LabError, Options, Watching};
use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("shell::names_and_connections_work_inside", names_and_connections_work_inside),
    ("shell::an_unknown_pod_is_an_error", an_unknown_pod_is_an_error),
    ("shell::a_changed_file_changes_the_lab", a_changed_file_changes_the_lab),
];

fn bash(script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", script]);
    command
}

fn names_and_connections_work_inside() {
    let mut cluster = cluster([pod("a/web", &[]), pod("a/db", &[(Tcp, 5432)]), pod("b/other", &[(Tcp, 80)])]);
    let db = service("a/db", Tcp, 1234, 5432);
    cluster.services.insert(db.key.clone(), db);
    let lab = lab(&cluster, Options::default());
    let script = r#"
        ask() { exec 3<>"/dev/tcp/$1/$2" && read -r -t 5 -u 3 line && test "$line" = "$3"; }
        ask db.a.pod 5432 a/db && ask other.b 80 b/other || exit 10
        ask db 1234 a/db || exit 11              # in its own namespace the Service is first
        test "$$" = 1 || exit 12                 # a process namespace of its own
        test "$(hostname)" = web.a || exit 13
        test "$SEKISHO_LAB_POD" = a/web || exit 14
        exit 42"#;
    let before = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let status = lab.start("a/web", bash(script)).unwrap().wait().unwrap();
    assert_eq!(status.code(), Some(42));
    assert_eq!(fs::read_to_string("/proc/self/mountinfo").unwrap(), before, "mounts are the shell's own");
}

fn an_unknown_pod_is_an_error() {
    let lab = lab(&cluster([pod("a/web", &[])]), Options::default());
    assert!(matches!(lab.start("a/webb", bash("true")), Err(LabError::NoPod(name)) if name == "a/webb"));
    assert!(matches!(lab.start("a/web", Command::new("/no/such/program")), Err(LabError::Kernel { .. })));
}

fn a_changed_file_changes_the_lab() {
    let folder = std::env::temp_dir().join(format!("sekisho-lab-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("pods.yaml");
    fs::write(&file, "first").unwrap();
    let mut lab = lab(&cluster([pod("a/web", &[])]), Options::default());
    // It ends when the pod that the change brings answers.
    let script = "for _ in $(seq 100); do
          (exec 3<>/dev/tcp/10.244.2.200/80) 2>/dev/null && exit 7; sleep 0.1; done";
    let shell = lab.start("a/web", bash(script)).unwrap();
    let writer = {
        let file = file.clone();
        std::thread::spawn(move || {
            for text in ["broken", "second"] {
                std::thread::sleep(Duration::from_millis(500));
                // As editors do.
                fs::write(file.with_extension("new"), text).unwrap();
                fs::rename(file.with_extension("new"), &file).unwrap();
            }
        })
    };
    let mut new = pod("a/db", &[(Tcp, 80)]);
    new.addresses = ["10.244.2.200".parse().unwrap()].into();
    let mut read = || match fs::read_to_string(&file).unwrap().as_str() {
        "second" => Ok(cluster([pod("a/web", &[]), new.clone()])),
        other => Err(format!("cannot read {other}")),
    };
    let mut told = Vec::new();
    let started = Instant::now();
    let watching = Watching {
        paths: std::slice::from_ref(&file),
        read: &mut read,
        told: &mut |what: &Applied| told.push(what.clone()),
    };
    let status = lab.follow(shell, watching).unwrap();
    writer.join().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(status.code(), Some(7), "{told:?} after {:?}", started.elapsed());
    assert_eq!(told, [Applied::Refused("cannot read broken".to_owned()), Applied::Done]);
}
