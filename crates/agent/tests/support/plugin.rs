//! A stand-in for the agent: it answers at a socket, an object of JSON on a line for one.
#![allow(dead_code, reason = "not every test program needs all of it")]

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// What the stand-in does with a question.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It answers.
    Say(Value),
    /// It answers in other words.
    Words(&'static str),
    /// It answers after a while.
    Late(Duration, Value),
    /// It never answers.
    Silent,
    /// It goes without an answer.
    HangUp,
}

/// A folder with the plugin, and a socket in it at which somebody may answer.
#[derive(Debug)]
pub(crate) struct Node {
    folder: TempDir,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Node {
    /// With nobody at the socket.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        symlink(env!("CARGO_BIN_EXE_sekisho-agent"), folder.path().join("sekisho-cni")).unwrap();
        Self { folder, asked: Arc::default() }
    }

    /// With a stand-in that gives these answers, one after the other, and the last one for ever.
    pub(crate) fn answering(answers: &[Answer]) -> Self {
        let node = Self::new();
        node.answer(answers);
        node
    }

    /// From now on somebody answers.
    pub(crate) fn answer(&self, answers: &[Answer]) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (asked, answers) = (Arc::clone(&self.asked), answers.to_vec());
        thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                asked.lock().unwrap().push(serde_json::from_str(&line).unwrap());
                let answer = answers.get(at).or(answers.last()).unwrap().clone();
                // Who does not wait any longer is not told.
                let say = |value: &Value| drop(writeln!(&stream, "{value}"));
                match answer {
                    Answer::Say(value) => say(&value),
                    Answer::Words(words) => drop(writeln!(&stream, "{words}")),
                    Answer::Late(after, value) => {
                        thread::sleep(after);
                        say(&value);
                    }
                    // The other end is left open, and forgotten.
                    Answer::Silent => std::mem::forget(stream),
                    Answer::HangUp => {}
                }
            }
        });
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("agent.sock")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What was asked.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    /// Calls the plugin as a runtime does for the pod `shop/web`, but for `changed` variables: without a
    /// value they are not set.
    pub(crate) fn call(&self, verb: &str, changed: &[(&str, Option<&str>)], config: &str) -> Output {
        let mut command = Command::new(self.path().join("sekisho-cni"));
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs([
            ("CNI_COMMAND", verb),
            ("CNI_CONTAINERID", "c1"),
            ("CNI_NETNS", "/run/netns/c1"),
            ("CNI_IFNAME", "eth0"),
            ("CNI_PATH", "/opt/cni/bin"),
            ("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u1"),
        ]);
        for (name, value) in changed {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command.spawn().unwrap();
        // A plugin that needs no configuration may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(config.as_bytes());
        child.wait_with_output().unwrap()
    }
}

/// The files of a folder, by name, with what is in them.
pub(crate) fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
    };
    let mut files: Vec<_> = entries.map(read).collect();
    files.sort();
    files
}
