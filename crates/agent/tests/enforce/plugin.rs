//! Pods that the plugin holds back until their policies are in the kernel: the real plugin and the real agent.

use crate::{
    rig::{Rig, agent::Agent, kubelet::Sandbox, objects, traffic::Traffic},
    services::{cluster, manifests},
    support::until,
};
use sekisho_core::object::Pod;
use serde_json::{Value, json};
use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// One that is allowed succeeds at the first try, however busy the machine is; one that is not waits in vain.
const IN_VAIN: Duration = Duration::from_millis(200);

/// The pod's first packet meets its policies, without waiting and whatever the API server tells; with its end its
/// address is closed, and its connections die. Other nodes know its address when the API server tells it.
pub(crate) fn pods_start_by_the_plugin() {
    let mut rig = Rig::build(&cluster(), 2).unwrap();
    rig.server.apply_text(&manifests(&["NetworkPolicy"]));
    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    let (web, here, there) = (pod(&rig, "web"), ends(&rig, "api-1"), ends(&rig, "api-2"));
    let mut other = web.clone();
    other.key.name = "other".into();
    other.labels.set("app", "other");
    let mut traffic = Traffic::new();
    for name in ["solo", "api-1", "api-2"] {
        for address in pod(&rig, name).addresses {
            traffic.forbid(&rig.lab, "shop/web", (&format!("shop/{name}"), address), 7001);
        }
    }
    // The one that has been there since before the plugin.
    rig.server.delete_text(&objects::pending(&web));
    until("it is gone", || here.iter().all(|end| !end.opens(&rig)));
    for round in 0..3 {
        let sandbox = rig.start_pod(&web, &format!("web-{round}"));
        let mut open: Vec<_> = here.iter().map(|end| end.connect(&rig)).collect();
        assert!(there.iter().all(|end| !end.opens(&rig)), "the other node does not know it");
        if round % 2 == 0 {
            rig.server.apply_text(&objects::pod(&web));
            until("the other node knows it", || there.iter().all(|end| end.opens(&rig)));
        }
        assert!(rig.plugin("CHECK", &sandbox, &json!({})).status.success());
        assert!(open.iter_mut().all(|(client, server)| say(client, server).is_ok()), "it goes on");
        rig.end_pod(&sandbox);
        assert!(here.iter().all(|end| !end.opens(&rig)), "round {round}: nobody has the address");
        assert!(
            open.iter_mut().all(|(client, server)| say(client, server).is_err()),
            "round {round}: it was cut"
        );
        assert!(!rig.plugin("CHECK", &sandbox, &json!({})).status.success());
        let sandbox = rig.start_pod(&other, &format!("other-{round}"));
        assert!(here.iter().all(|end| !end.opens(&rig)), "round {round}: another pod, other policies");
        rig.end_pod(&sandbox);
    }
    the_agent_is_away(&mut rig, &web, &here);
    traffic.stop().none_leaked("pods that start and end");
}

fn pod(rig: &Rig, name: &str) -> Pod {
    let mut pods = rig.lab.current_plan().cluster.pods.values();
    pods.find(|pod| &*pod.key.name == name).map(|pod| Pod::clone(pod)).unwrap()
}

/// Where a pod may be called, in both families.
fn ends(rig: &Rig, name: &str) -> Vec<End> {
    let end = |address: IpAddr| {
        let to = SocketAddr::new(address, 8080);
        let listen = || TcpListener::bind(to).unwrap();
        End { to, listener: rig.lab.within(&format!("shop/{name}"), listen).unwrap() }
    };
    pod(rig, name).addresses.into_iter().map(end).collect()
}

/// What was given outlives the agent; meanwhile no pod starts, and none is passed over.
fn the_agent_is_away(rig: &mut Rig, web: &Pod, ends: &[End]) {
    let first = rig.start_pod(web, "first");
    let at = rig.agents.iter().position(|agent| agent.node() == "node-1").unwrap();
    rig.agents[at].kill();
    assert!(ends.iter().all(|end| end.opens(rig)), "the rules stay");
    let refused = rig.plugin("ADD", &Sandbox { container: "second".into(), ..first.clone() }, &json!({}));
    let error: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((refused.status.code(), error["code"].as_u64()), (Some(1), Some(11)), "{error}");
    rig.agents[at].start(&[]);
    rig.agents[at].ready();
    assert!(
        ends.iter().all(|end| end.opens(rig)),
        "the API server has not told of its addresses, and need not"
    );
    assert!(rig.plugin("STATUS", &first, &json!({})).status.success());
    let kept = json!([{"containerID": "first", "ifname": "eth0"}]);
    assert!(rig.plugin("GC", &first, &json!({"cni.dev/valid-attachments": kept})).status.success());
    assert!(ends.iter().all(|end| end.opens(rig)), "the runtime knows it");
    assert!(rig.plugin("GC", &first, &json!({"cni.dev/valid-attachments": []})).status.success());
    assert!(ends.iter().all(|end| !end.opens(rig)), "nobody knows it");
    rig.end_pod(&first);
}

/// An address at which `web` may call.
struct End {
    to: SocketAddr,
    listener: TcpListener,
}

impl End {
    /// Whether a connection can be opened from the network of `web`, whoever has its address.
    fn opens(&self, rig: &Rig) -> bool {
        self.try_for(rig, IN_VAIN).is_ok()
    }

    fn try_for(&self, rig: &Rig, patience: Duration) -> std::io::Result<TcpStream> {
        let to = self.to;
        rig.lab.within("shop/web", move || TcpStream::connect_timeout(&to, patience)).unwrap()
    }

    /// Both ends of a connection. It is the first try that succeeds: a SYN that is dropped is sent again after a second.
    fn connect(&self, rig: &Rig) -> (TcpStream, TcpStream) {
        let client = self
            .try_for(rig, Duration::from_millis(900))
            .unwrap_or_else(|error| panic!("{error}\n{}", rig.logs()));
        let from = client.local_addr().unwrap();
        loop {
            let (server, peer) = self.listener.accept().unwrap();
            if peer == from {
                return (client, server);
            }
        }
    }
}

fn say(from: &mut TcpStream, to: &mut TcpStream) -> std::io::Result<()> {
    to.set_read_timeout(Some(IN_VAIN))?;
    from.write_all(b"word")?;
    match to.read_exact(&mut [0; 4]) {
        Err(error) if error.kind() == ErrorKind::Interrupted => say(from, to),
        said => said,
    }
}
