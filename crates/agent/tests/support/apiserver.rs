//! A real API server (`tests/apiserver`), which `scripts/apiserver` builds. Tests of the program use it as well.

use crate::support::root;
pub(crate) use sekisho_core::testing::skipped;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// The server; it ends and cleans up when its standard input closes.
pub(crate) struct Server {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: TempDir,
    program: PathBuf,
}

impl Server {
    /// Starts it by the command `within`, which runs what it is given behind its own arguments and becomes it. `None`
    /// where there is no Go to build it with.
    pub(crate) fn start(within: &[&str]) -> Option<Self> {
        let go = Command::new("go").arg("version").stdout(Stdio::null()).status();
        if !go.is_ok_and(|status| status.success()) {
            skipped("go is not installed, so there is no API server");
            return None;
        }
        let built = Command::new(root().join("scripts/apiserver")).stderr(Stdio::inherit()).output().unwrap();
        assert!(built.status.success(), "the API server does not build");
        let program = String::from_utf8(built.stdout).unwrap();
        let program = PathBuf::from(program.trim());
        let folder = TempDir::new().unwrap();
        let words: Vec<&str> =
            within.iter().copied().chain([program.to_str().unwrap(), "--kubeconfig"]).collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .arg(folder.path().join("config"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let (orders, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, orders, answers, folder, program };
        let ready = server.line();
        assert_eq!(ready, "READY", "{}", fs::read_to_string(server.folder.path().join("log")).unwrap());
        Some(server)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// What is answered to an order.
    pub(crate) fn answer(&mut self, order: &str) -> String {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        self.line()
    }

    /// Gives an order: `stop`, `start`, `compact`, `save` or `rewind`, or a verb with a path.
    pub(crate) fn order(&mut self, order: &str) {
        assert_eq!(self.answer(order), "OK", "{order}");
    }

    /// Applies the objects of a file or a folder, as `kubectl apply --server-side` does, with their status.
    pub(crate) fn apply(&mut self, path: &Path) {
        self.order(&format!("apply {}", path.display()));
    }

    /// Takes objects away at once.
    pub(crate) fn delete_text(&mut self, text: &str) {
        let path = self.folder.path().join("objects.yaml");
        fs::write(&path, text).unwrap();
        self.order(&format!("delete {}", path.display()));
    }

    /// The real kubectl, of the same build.
    pub(crate) fn kubectl(&self) -> PathBuf {
        self.called("kubectl")
    }

    /// The program under another name, which makes it another program.
    pub(crate) fn called(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        if !path.exists() {
            symlink(&self.program, &path).unwrap();
        }
        path
    }

    /// The port at which it listens, on loopback.
    pub(crate) fn port(&self) -> u16 {
        let config = fs::read_to_string(self.config()).unwrap();
        let server = config.lines().find_map(|line| line.trim().strip_prefix("server: https://127.0.0.1:"));
        server.unwrap().parse().unwrap()
    }

    /// Applies objects.
    pub(crate) fn apply_text(&mut self, text: &str) {
        let path = self.folder.path().join("objects.yaml");
        fs::write(&path, text).unwrap();
        self.apply(&path);
    }

    /// The kubeconfig.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Where files of the test may lie as long as the server lives.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
