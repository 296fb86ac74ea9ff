//! One agent, as a process of its own, that enforces on a node of the lab.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sekisho-agent");
/// How long an agent may take until the kernel is true, on a machine that does other work as well.
const PATIENCE: Duration = Duration::from_secs(60);

/// An agent's process. It is killed when this is dropped; the rules stay.
pub(crate) struct Agent {
    child: Option<Child>,
    node: String,
    namespace: PathBuf,
    kubeconfig: PathBuf,
    folder: PathBuf,
    options: Vec<String>,
}

impl Agent {
    /// An agent for `node`, whose network namespace is the file `namespace`. It is not started yet.
    pub(crate) fn new(node: &str, namespace: PathBuf, kubeconfig: PathBuf, folder: &Path) -> Self {
        Self {
            child: None,
            node: node.to_owned(),
            namespace,
            kubeconfig,
            folder: folder.to_owned(),
            options: Vec::new(),
        }
    }

    /// Starts it, with `options` besides those that it needs.
    pub(crate) fn start(&mut self, options: &[&str]) {
        self.start_in(&[], options);
    }

    /// Likewise, but on the node itself and after `script`, in mounts of its own: as in a container. It reaches the
    /// API server by the relay of a proxy.
    pub(crate) fn start_after(&mut self, script: &str, options: &[&str]) {
        let (net, script) =
            (format!("--net={}", self.namespace.display()), format!("{script} && exec \"$0\" \"$@\""));
        self.start_in(&["nsenter", &net, "unshare", "--mount", "sh", "-c", &script], options);
    }

    /// Likewise, with no more than so many bytes of data. One that finds no more aborts; without memory there is none for a
    /// backtrace either.
    pub(crate) fn start_within(&mut self, bytes: u64) {
        let data = format!("--data={bytes}");
        self.start_in(&["env", "RUST_BACKTRACE=0", "prlimit", "--core=0", &data], &[]);
    }

    fn start_in(&mut self, within: &[&str], options: &[&str]) {
        assert!(self.child.is_none(), "one at a time");
        self.options = options.iter().map(|option| (*option).to_owned()).collect();
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let words: Vec<&str> = within.iter().copied().chain([PROGRAM]).collect();
        let child = Command::new(words[0])
            .args(&words[1..])
            .args(["run", "--attach", "1", "--log", "debug", "--node", &self.node])
            .args(if options.contains(&"--listen") { &[][..] } else { &["--listen", "none"] })
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--network-namespace")
            .arg(&self.namespace)
            .arg("--socket")
            .arg(self.socket())
            .args(&self.options)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// How it ended, if it did by itself.
    pub(crate) fn died(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().unwrap()
    }

    /// Stops it where it is, as a machine does that has no time for it.
    pub(crate) fn hang(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id();
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{signal} {pid}")).status().unwrap();
        assert!(sent.success(), "{signal} to {pid}");
    }

    /// Kills it, as the kernel does that is out of memory. The rules stay.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks it.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What asks it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--socket").arg(self.socket());
        command
    }

    /// Waits until connections that were open before enforcement began have had their time (S32).
    pub(crate) fn settled(&self) {
        let begun = Instant::now();
        while self.status()["attaching"] != serde_json::Value::Bool(false) {
            assert!(begun.elapsed() < PATIENCE, "{}: {}", self.node, self.logged());
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.ask(&["status", "--json"]).stdout).unwrap_or_default()
    }

    /// Waits until the kernel is true to what the API server tells.
    pub(crate) fn ready(&self) -> Duration {
        let begun = Instant::now();
        while !self.ask(&["status"]).status.success() {
            assert!(begun.elapsed() < PATIENCE, "{}: {}", self.node, self.logged());
            thread::sleep(Duration::from_millis(20));
        }
        begun.elapsed()
    }

    /// The node.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// The PID of its process.
    #[allow(dead_code, reason = "what is measured wants it")]
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// How many pods of the cluster it knows; none while it does not answer.
    pub(crate) fn pods(&self) -> u64 {
        self.status()["pods"].as_u64().unwrap_or_default()
    }

    /// Its socket, in a folder of its own: beside it is what it writes down.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join(&self.node).join("agent.sock")
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.node))
    }

    /// What it has logged so far, of every process.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}
