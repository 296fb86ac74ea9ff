//! A node to run the agent on as the manifests start it, and the API server that it asks.
//!
//! Both are in namespaces of their own (users, network, mounts), so that nothing of the machine is touched. What a kubelet does,
//! this does: it gives the agent its arguments, environment, token and capabilities.

use crate::{
    chart::manifests,
    support::{
        apiserver::{Server, skipped},
        helm::{documents, of_kind},
    },
};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

/// Its name.
pub(crate) const NODE: &str = "node-1";
const TOKEN: &str = "/run/secrets/kubernetes.io/serviceaccount";
/// Namespaces of its own for what is given behind it. `/run` is where a kubelet puts tokens and host folders.
const APART: [&str; 8] = [
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "sh",
    "-c",
    "ip link set lo up && mount -t tmpfs none /run && exec \"$0\" \"$@\"",
];

/// A node without a kubelet, and the API server on it.
pub(crate) struct Node {
    pub(crate) server: Server,
    /// What the DaemonSet of the plain manifests makes pods of.
    pub(crate) template: Value,
}

/// The agent, as long as the value lives.
pub(crate) struct Agent(pub(crate) Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Node {
    pub(crate) fn start() -> Option<Self> {
        let apart = Command::new(APART[0]).args(&APART[1..]).arg("true").output();
        if !apart.is_ok_and(|output| output.status.success()) {
            skipped("this machine gives no namespaces, so the agent is not run as on a node");
            return None;
        }
        let server = Server::start(&APART)?;
        let documents = documents(&manifests());
        Some(Self { server, template: of_kind(&documents, "DaemonSet")["spec"]["template"].clone() })
    }

    /// A command on the node, by root, with all rights.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.server.pid().to_string()]);
        command.args(["--user", "--preserve-credentials", "--net", "--mount"]).args(words);
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    pub(crate) fn out(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// `kubectl` as the admin, with `text` as standard input.
    pub(crate) fn kubectl(&self, words: &[&str], text: &str) -> String {
        let config = self.server.config();
        let program = self.server.kubectl();
        let mut all = vec![program.to_str().unwrap(), "--kubeconfig", config.to_str().unwrap()];
        all.extend(words);
        let mut command = self.command(&all);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn container(&self) -> &Value {
        &self.template["spec"]["containers"][0]
    }

    /// The folder that a kubelet mounts.
    pub(crate) fn give_token(&self) {
        let config: Value =
            serde_saphyr::from_str(&fs::read_to_string(self.server.config()).unwrap()).unwrap();
        let authority = config["clusters"][0]["cluster"]["certificate-authority-data"].as_str().unwrap();
        let token = self.kubectl(&["create", "token", "sekisho-agent", "--namespace", "kube-system"], "");
        let script = "mkdir -p \"$0\" && printf %s \"$1\" >\"$0/token\" && printf kube-system >\"$0/namespace\" \
                      && printf %s \"$2\" | base64 -d >\"$0/ca.crt\"";
        self.out(&["sh", "-c", script, TOKEN, token.trim(), authority]);
    }

    /// Starts the program as the container runtime does, with `arguments` or those of the container.
    pub(crate) fn start_agent(&self, arguments: Option<&[&str]>) -> Agent {
        let config = fs::read_to_string(self.server.config()).unwrap();
        let (_, port) = config.split_once("https://127.0.0.1:").unwrap();
        let port = port.lines().next().unwrap();
        let container = self.container();
        let added = container["securityContext"]["capabilities"]["add"].as_array().unwrap();
        let added: Vec<String> =
            added.iter().map(|name| format!(",+{}", name.as_str().unwrap().to_lowercase())).collect();
        let rights = format!("-all{}", added.concat());
        let own: Vec<&str> =
            container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let mut command = self.command(&["env", "-i"]);
        command.args(["KUBERNETES_SERVICE_HOST=127.0.0.1", &format!("KUBERNETES_SERVICE_PORT={port}")]);
        for variable in container["env"].as_array().unwrap() {
            let value = variable["value"].as_str().unwrap_or_else(|| {
                assert_eq!(variable["valueFrom"]["fieldRef"]["fieldPath"], "spec.nodeName");
                NODE
            });
            command.arg(format!("{}={value}", variable["name"].as_str().unwrap()));
        }
        command.args(["/usr/bin/setpriv", "--no-new-privs"]);
        command.args([format!("--bounding-set={rights}"), format!("--inh-caps={rights}")]);
        command.arg(env!("CARGO_BIN_EXE_sekisho-agent")).args(arguments.unwrap_or(&own));
        let log = fs::File::options().create(true).append(true).open(self.log()).unwrap();
        Agent(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    fn log(&self) -> PathBuf {
        self.server.folder().join("agent.log")
    }

    /// What is served at a path; the first line is the status.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let port = self.container()["ports"][0]["containerPort"].as_u64().unwrap();
        let script = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET {path} HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n' >&3 && cat <&3"
        );
        let output = self.run(&["bash", "-c", &script]);
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// Whether a probe of the container succeeds.
    pub(crate) fn succeeds(&self, probe: &str) -> bool {
        let asked = &self.container()[probe]["httpGet"];
        assert_eq!(asked["host"], "127.0.0.1");
        self.get(asked["path"].as_str().unwrap()).is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// The names of the metrics that the agent serves.
    pub(crate) fn metrics(&self) -> BTreeSet<String> {
        let text = self.get("/metrics").unwrap_or_default();
        let samples = text.lines().filter(|line| line.starts_with("sekisho_"));
        samples.filter_map(|line| Some(line.split_once(['{', ' '])?.0.to_owned())).collect()
    }

    pub(crate) fn is_programmed(&self) -> bool {
        self.run(&["nft", "list", "table", "inet", "sekisho"]).status.success()
    }
}
