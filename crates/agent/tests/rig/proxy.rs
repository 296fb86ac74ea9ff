//! The real kube-proxy of a node, as a process of its own that lives in the node's network.

use super::relay::Relay;
use crate::support::{apiserver::Server, until};
use sekisho_lab::Network;
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Where it says how it is, in its node's network.
const HEALTH: u16 = 10_256;

/// A kube-proxy in nftables mode. It is killed when this is dropped; its rules stay.
pub(crate) struct Proxy {
    child: Child,
    network: Network,
    _relay: Relay,
}

impl Proxy {
    /// Starts that of `node`, whose network is `network` and the file `namespace`; it reaches the API server
    /// there by a relay.
    pub(crate) fn start(server: &Server, node: &str, network: Network, namespace: &Path) -> Self {
        let relay = Relay::start(&network, server.port());
        let config = server.folder().join(format!("{node}-kube-proxy.yaml"));
        fs::write(&config, configuration(node, &server.config())).unwrap();
        let log = File::create(server.folder().join(format!("{node}-kube-proxy.log"))).unwrap();
        let child = Command::new("nsenter")
            .arg(format!("--net={}", namespace.display()))
            .arg(server.called("kube-proxy"))
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, network, _relay: relay }
    }

    /// Waits until it has programmed what it was told.
    pub(crate) fn ready(&self) {
        until("kube-proxy is healthy", || self.network.within(is_healthy).unwrap());
    }
}

/// As on clusters that kubeadm makes, but for the limits of connections, which are the machine's, and for how
/// long it gathers changes.
fn configuration(node: &str, kubeconfig: &Path) -> String {
    format!(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: nftables\n\
         hostnameOverride: {node}\nclusterCIDR: 10.240.0.0/12,fd00:10:244::/48\n\
         clientConnection: {{kubeconfig: {}}}\n\
         conntrack: {{maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}\n\
         nftables: {{minSyncPeriod: 0s, syncPeriod: 30s}}\n\
         healthzBindAddress: 127.0.0.1:{HEALTH}\nmetricsBindAddress: 127.0.0.1:10249\n",
        kubeconfig.display()
    )
}

fn is_healthy() -> bool {
    let answer = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, HEALTH))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    answer().is_ok_and(|answer| answer.contains(" 200 "))
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // `nsenter` has become it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
