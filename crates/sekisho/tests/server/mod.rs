//! A real API server (`tests/apiserver`), which `scripts/apiserver` builds.

use crate::support::root;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// The server; it ends and cleans up when its standard input closes.
pub(crate) struct Server {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub(crate) folder: TempDir,
}

impl Server {
    /// `None` where there is no Go to build it with.
    pub(crate) fn start() -> Option<Self> {
        let go = Command::new("go").arg("version").stdout(Stdio::null()).status();
        if !go.is_ok_and(|status| status.success()) {
            return None;
        }
        let built = Command::new(root().join("scripts/apiserver")).stderr(Stdio::inherit()).output().unwrap();
        assert!(built.status.success(), "the API server does not build");
        let folder = TempDir::new().unwrap();
        let mut child = Command::new(String::from_utf8(built.stdout).unwrap().trim())
            .arg("--kubeconfig")
            .arg(folder.path().join("config"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let (orders, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, orders, answers, folder };
        let ready = server.line();
        assert_eq!(ready, "READY", "{}", fs::read_to_string(server.folder.path().join("log")).unwrap());
        Some(server)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// The answer to an order: `OK`, or `ERROR` and why.
    pub(crate) fn order(&mut self, order: &str) -> String {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        self.line()
    }

    pub(crate) fn apply(&mut self, path: &Path) {
        assert_eq!(self.order(&format!("apply {}", path.display())), "OK", "{}", path.display());
    }

    pub(crate) fn apply_text(&mut self, text: &str) {
        let path = self.folder.path().join("objects.yaml");
        fs::write(&path, text).unwrap();
        self.apply(&path);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
