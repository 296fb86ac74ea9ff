//! Nothing is left behind, also by a lab that is killed.

use super::fixture::{cluster, lab, pod};
use sekisho_core::set::Protocol::Tcp;
use sekisho_lab::Options;
use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) const TESTS: &[(&str, fn())] =
    &[("remains::a_killed_lab_leaves_nothing_behind", a_killed_lab_leaves_nothing_behind)];

/// What tells the test program to be the lab that is killed.
pub(crate) const VICTIM: &str = "SEKISHO_LAB_TEST_VICTIM";

/// Builds a lab with a shell in it that starts others, and waits to be killed.
pub(crate) fn be_the_victim() {
    let pods = (0..20).map(|number| pod(&format!("a/pod-{number}"), &[(Tcp, 80)]));
    let lab = lab(&cluster(pods), Options::default());
    let mut shell = Command::new("sh");
    let seconds = std::env::var(VICTIM).unwrap();
    shell.args(["-c", &format!("sleep {seconds} & sleep {seconds} & echo built; wait")]);
    let shell = lab.start("a/pod-3", shell).unwrap();
    shell.wait().unwrap();
}

/// What a lab could leave: namespaces that some process is in, mounts, links, sleepers of its shell.
#[derive(Debug, PartialEq, Eq)]
struct Machine {
    links: BTreeSet<String>,
    mounts: String,
    sleepers: Vec<String>,
}

/// How long the shell's programs sleep: a time that tells them from those of another run.
fn seconds() -> String {
    format!("97{}", std::process::id())
}

fn machine() -> Machine {
    let sleeper = format!("sleep {}", seconds());
    let links = fs::read_dir("/sys/class/net").unwrap().map(|entry| entry.unwrap().file_name());
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let line = fs::read_to_string(entry.ok()?.path().join("cmdline")).ok()?.replace('\0', " ");
        line.starts_with(&sleeper).then_some(line)
    });
    Machine {
        links: links.map(|name| name.to_string_lossy().into_owned()).collect(),
        mounts: fs::read_to_string("/proc/self/mountinfo").unwrap(),
        sleepers: processes.collect(),
    }
}

fn a_killed_lab_leaves_nothing_behind() {
    let before = machine();
    assert!(before.sleepers.is_empty(), "{before:?}");
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .env(VICTIM, seconds())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(victim.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let slept = soon(|| machine().sleepers.len() == 2);
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_eq!(said, "built\n");
    assert!(slept, "the shell's programs ran");
    assert!(soon(|| machine() == before), "{:?} was {before:?}", machine());
}

fn soon(holds: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while !holds() {
        if started.elapsed() > Duration::from_secs(5) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
