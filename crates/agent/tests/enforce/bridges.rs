//! Pods that hang on a bridge of their node.

use crate::{
    rig::{
        Rig,
        agent::Agent,
        bridged::{BRIDGE, ip},
        echo::Echoes,
    },
    services::{From, Shop, cluster, manifests, open},
    support::until,
};
use sekisho_lab::{Host, Network};
use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

/// Whoever hears it: by broadcast, in IPv4's network of the pods as well, and by multicast.
const GROUPS: [&str; 5] =
    ["255.255.255.255:9999", "10.244.1.255:9999", "224.0.0.1:9999", "224.0.0.251:9999", "[ff02::1%2]:9998"];

/// What is true of routed pods is true of those on a bridge, though what they send each other is not routed.
pub(crate) fn pods_on_a_bridge_are_policed() {
    let mut rig = Rig::beside_proxies(&cluster(), 2).unwrap();
    rig.bridge();
    let echoes = open(&mut rig);
    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    for v4 in [true, false] {
        let shop = Shop { rig: &rig, echoes: &echoes, v4, bridged: true };
        shop.within_the_cluster();
        shop.entering();
    }
    what_is_meant_for_many(&rig);
    what_is_no_longer_allowed_is_cut(&mut rig, &echoes);
}

/// S31, over a bridge: the connection is cut in both directions, and its ends are told.
fn what_is_no_longer_allowed_is_cut(rig: &mut Rig, echoes: &Echoes) {
    let shop = Shop { rig, echoes, v4: true, bridged: true };
    let mut streams = [true, false].map(|v4| {
        let shop = Shop { v4, ..shop };
        shop.talk("shop/api-1", SocketAddr::new(shop.pod("shop/api-1").1, 8080))
    });
    assert!(streams.iter_mut().all(|stream| shop.said(stream).is_some()));
    let policies = manifests(&["NetworkPolicy"]);
    let changed = policies.replacen("app: web}}\n    - ipBlock", "app: nobody}}\n    - ipBlock", 1);
    assert_ne!(changed, policies);
    rig.server.apply_text(&changed);
    let shop = Shop { rig, echoes, v4: true, bridged: true };
    for stream in &mut streams {
        until("it is cut", || shop.said(stream).is_none());
        assert!(shop.said(stream).is_none(), "and stays so");
        let broken = stream.take_error().unwrap().is_some() || stream.write_all(b"anybody?").is_err();
        assert!(broken, "it is told by a reset");
    }
}

/// A bridge gives to all its ports what is meant for many: also a pod would hear it that nobody may speak to.
fn what_is_meant_for_many(rig: &Rig) {
    let solo = rig.lab.network("shop/solo").unwrap();
    let ears: Vec<UdpSocket> = solo.within(ears).unwrap();
    let sent = rig.lab.within("shop/api-1", || GROUPS.iter().map(|to| shout(to)).sum::<usize>()).unwrap();
    assert_eq!(sent, GROUPS.len());
    thread::sleep(Duration::from_millis(200));
    for ear in &ears {
        let mut word = [0; 64];
        let heard = ear.recv(&mut word);
        assert!(
            heard.is_err(),
            "it heard {:?}",
            heard.map(|length| String::from_utf8_lossy(&word[..length]).into_owned())
        );
    }
}

/// Sockets that hear what is meant for all, and what is meant for one group.
fn ears() -> Vec<UdpSocket> {
    let (v4, v6) = (UdpSocket::bind("0.0.0.0:9999").unwrap(), UdpSocket::bind("[::]:9998").unwrap());
    v4.join_multicast_v4(&Ipv4Addr::new(224, 0, 0, 251), &Ipv4Addr::UNSPECIFIED).unwrap();
    [v4, v6].into_iter().inspect(|socket| socket.set_nonblocking(true).unwrap()).collect()
}

/// Says something to many. The link of a pod is its second.
fn shout(to: &str) -> usize {
    let socket = UdpSocket::bind(if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" }).unwrap();
    socket.set_broadcast(true).unwrap();
    let sent = socket.send_to(to.as_bytes(), to);
    usize::from(sent.unwrap_or_else(|error| panic!("{to}: {error}")) > 0)
}

/// Without the kernel's help a bridge would lead past the rules: then the agent is not ready, and says why. Where
/// the kernel can help, it does, whatever somebody sets.
pub(crate) fn a_bridge_is_never_unseen() {
    let mut rig = Rig::beside_proxies(&cluster(), 2).unwrap();
    rig.bridge();
    let echoes = open(&mut rig);
    let node = rig.lab.network_of(Host::Node(0)).unwrap();
    hide(&node);
    // As without `br_netfilter`.
    rig.agents[0].start_after("mount -t tmpfs none /proc/sys/net/bridge", &[]);
    let says = |rig: &Rig| rig.agents[0].status()["unseen"].to_string();
    until("it says that a bridge is not seen", || says(&rig).contains("cni0"));
    assert!(says(&rig).contains("load the kernel module br_netfilter"), "{}", says(&rig));
    until("all else is done", || rig.agents[0].status()["programmed"] == true);
    let status = rig.agents[0].ask(&["status"]);
    assert!(!status.status.success(), "it is not ready: {status:?}");
    let ports = ports(&node);
    ports.iter().for_each(|port| isolate(&node, port, "on"));
    rig.agents[0].ready();
    isolate(&node, &ports[0], "off");
    until("two ports are not apart", || says(&rig).contains("cni0"));
    rig.agents[0].kill();

    // As in a container, which cannot change the settings of its node.
    isolate(&node, &ports[0], "on");
    ports.iter().for_each(|port| isolate(&node, port, "off"));
    rig.agents[0].start_after("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys", &[]);
    rig.agents[1].start(&[]);
    rig.ready();
    rig.agents.iter().for_each(Agent::settled);
    assert_eq!(setting(&node), "0", "nobody has changed it for all bridges");
    let shop = Shop { rig: &rig, echoes: &echoes, v4: true, bridged: true };
    shop.on_one_bridge();
    hide(&node);
    until("it is mended", || ip(&node, &["-d", "link", "show", BRIDGE]).contains("nf_call_iptables 1"));
    shop.on_one_bridge();
}

/// Has the kernel show the rules nothing of what goes over the bridge.
fn hide(node: &Network) {
    for name in ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] {
        node.within(|| fs::write(format!("/proc/sys/net/bridge/{name}"), "0").unwrap()).unwrap();
    }
    ip(node, &["link", "set", BRIDGE, "type", "bridge", "nf_call_iptables", "0", "nf_call_ip6tables", "0"]);
}

fn setting(node: &Network) -> String {
    let read = || fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables").unwrap();
    node.within(read).unwrap().trim().to_owned()
}

/// The ports of the bridge.
fn ports(node: &Network) -> Vec<String> {
    let shown = ip(node, &["-o", "link", "show", "master", BRIDGE]);
    let name = |line: &str| line.split([' ', '@']).nth(1).unwrap().to_owned();
    shown.lines().map(name).collect()
}

fn isolate(node: &Network, port: &str, how: &str) {
    ip(node, &["link", "set", port, "type", "bridge_slave", "isolated", how]);
}

impl Shop<'_> {
    /// From pod to pod on one bridge.
    pub(crate) fn on_one_bridge(&self) {
        let web = self.pod("shop/web").1;
        for pod in ["shop/api-1", "shop/solo"] {
            let seen = self.arrival(pod, web, web);
            self.call(
                "a pod on the same bridge",
                From::Pod("shop/web"),
                seen.to,
                std::slice::from_ref(&seen),
            );
        }
        let (solo, api) = (self.pod("shop/solo").1, SocketAddr::new(self.pod("shop/api-1").1, 8080));
        let seen = self.arrival("shop/api-1", solo, solo);
        self.call("a pod that may call nobody", From::Pod("shop/solo"), api, &[seen]);
    }
}
