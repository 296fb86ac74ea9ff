//! The real API server (`tests/apiserver`).

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

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
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
        let program = PathBuf::from(String::from_utf8(built.stdout).unwrap().trim());
        let folder = TempDir::new().unwrap();
        let mut child = Command::new(&program)
            .arg("--kubeconfig")
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

    /// Gives an order: `stop`, `start`, `compact`, `save`, `rewind`, or `apply` and `delete` with a path.
    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        let answer = self.line();
        assert_eq!(answer, "OK", "{order}");
    }

    fn with_text(&mut self, verb: &str, text: &str) {
        let path = self.folder.path().join("objects.yaml");
        fs::write(&path, text).unwrap();
        self.order(&format!("{verb} {}", path.display()));
    }

    /// Makes or changes objects, with their status.
    pub(crate) fn apply(&mut self, text: &str) {
        self.with_text("apply", text);
    }

    /// Takes objects away at once.
    pub(crate) fn delete(&mut self, text: &str) {
        self.with_text("delete", text);
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// The real kubectl.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let kubectl = self.folder.path().join("kubectl");
        if !kubectl.exists() {
            symlink(&self.program, &kubectl).unwrap();
        }
        let config = self.kubeconfig();
        let run = Command::new(kubectl).arg("--kubeconfig").arg(config).args(arguments).output().unwrap();
        assert!(run.status.success(), "kubectl {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
