//! What a kubelet and its container runtime do to start a pod and to end it: the lab has made its interface, and the
//! real plugin is chained behind, which asks the real agent.

use super::{Rig, objects};
use sekisho_core::object::Pod;
use serde_json::{Value, json};
use std::{
    io::Write,
    os::unix::fs::symlink,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// How long the agent may take, in seconds, as the network's configuration says.
pub(crate) const PATIENCE: u64 = 1;

/// A sandbox of a pod.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    pub(crate) pod: Pod,
    /// The UID, once the API server has given one.
    pub(crate) uid: String,
    pub(crate) container: String,
}

impl Rig {
    /// Tells the API server of a pod that is to start, as the scheduler has bound it, and makes its sandbox.
    pub(crate) fn bind(&mut self, pod: &Pod, container: &str) -> Sandbox {
        self.server.apply_text(&objects::pending(pod));
        let answer = self.server.answer(&format!("uid {}", pod.key));
        let uid = answer.strip_prefix("OK ").unwrap_or_else(|| panic!("{answer}")).to_owned();
        Sandbox { pod: pod.clone(), uid, container: container.to_owned() }
    }

    /// Calls the plugin for a sandbox; `more` are fields of the configuration besides those that it always has.
    pub(crate) fn plugin(&self, verb: &str, sandbox: &Sandbox, more: &Value) -> Output {
        let Sandbox { pod, uid, container } = sandbox;
        let mut child = Command::new(self.plugin_path())
            .env_clear()
            .envs([
                ("CNI_COMMAND", verb),
                ("CNI_CONTAINERID", container),
                ("CNI_NETNS", "/run/netns/of-the-lab"),
                ("CNI_IFNAME", "eth0"),
                ("CNI_PATH", "/opt/cni/bin"),
            ])
            .env(
                "CNI_ARGS",
                format!(
                    "IgnoreUnknown=1;K8S_POD_NAMESPACE={};K8S_POD_NAME={};K8S_POD_UID={uid}",
                    pod.key.namespace, pod.key.name
                ),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let config = self.configuration(pod, more).to_string();
        child.stdin.take().unwrap().write_all(config.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// The network's configuration, with what the plugin before has said of the pod's interface.
    fn configuration(&self, pod: &Pod, more: &Value) -> Value {
        let agent = self.agents.iter().find(|agent| Some(agent.node()) == pod.node.as_deref()).unwrap();
        let ip = |address: &std::net::IpAddr| json!({"interface": 0, "address": format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })});
        let ips: Vec<Value> = pod.addresses.iter().map(ip).collect();
        let mut config = json!({
            "cniVersion": "1.1.0", "name": "pods", "type": "sekisho-cni",
            "socket": agent.socket(), "timeoutSeconds": PATIENCE,
            "prevResult": {
                "cniVersion": "1.1.0", "ips": ips,
                "interfaces": [{"name": "eth0", "sandbox": "/run/netns/of-the-lab"}],
            },
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            config[name] = value.clone();
        }
        config
    }

    /// The program under the name of the plugin.
    fn plugin_path(&self) -> PathBuf {
        let path = self.folder.path().join("sekisho-cni");
        if !path.exists() {
            symlink(env!("CARGO_BIN_EXE_sekisho-agent"), &path).unwrap();
        }
        path
    }

    /// Starts a pod whose network stands: nothing of it runs before the plugin has said so, and the API server is told
    /// of its addresses after that.
    pub(crate) fn start_pod(&mut self, pod: &Pod, container: &str) -> Sandbox {
        let sandbox = self.bind(pod, container);
        let added = self.plugin("ADD", &sandbox, &json!({}));
        assert!(added.status.success(), "{added:?}\n{}", self.logs());
        let passed_on: Value = serde_json::from_slice(&added.stdout).unwrap();
        assert_eq!(passed_on["ips"].as_array().unwrap().len(), pod.addresses.len());
        sandbox
    }

    /// Ends a pod: its network goes first, and then the API server is told.
    pub(crate) fn end_pod(&mut self, sandbox: &Sandbox) {
        let gone = self.plugin("DEL", sandbox, &json!({}));
        assert!(gone.status.success(), "{gone:?}");
        self.server.delete_text(&objects::pending(&sandbox.pod));
    }
}
