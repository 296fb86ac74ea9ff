//! Frames with tags of VLANs, which a bridge shows to no rule of packets.

use crate::{
    nft,
    rig::{
        Rig,
        agent::Agent,
        bridged::{BRIDGE, ip},
        echo::Echoes,
        frames::{Tag, send},
    },
    services::{Shop, cluster, open},
    support::until,
};
use sekisho_lab::Host;
use sekisho_nft::{Kernel, tree::Table};
use std::{
    net::SocketAddr,
    process::Command,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::Duration,
};

const CUSTOMER: u16 = 0x8100;
const SERVICE: u16 = 0x88a8;
/// What whoever receives it reads as if it had no tags.
const READ: &[&[Tag]] = &[
    &[(CUSTOMER, 0)],
    &[(SERVICE, 0)],
    // The highest priority, and one that may be dropped.
    &[(CUSTOMER, 0xf000)],
    &[(CUSTOMER, 0), (CUSTOMER, 0)],
    &[(SERVICE, 0), (CUSTOMER, 0)],
    &[(CUSTOMER, 0), (SERVICE, 0)],
    &[(CUSTOMER, 0), (CUSTOMER, 0), (CUSTOMER, 0)],
];
/// What a bridge that filters VLANs takes the first tag off, where it is that of the ports.
const FILTERED: &[&[Tag]] =
    &[&[(CUSTOMER, 1)], &[(CUSTOMER, 1), (CUSTOMER, 0)], &[(CUSTOMER, 1), (SERVICE, 0)]];

/// How long a frame may take to arrive.
const SOON: Duration = Duration::from_millis(300);

/// Words that nobody else sends here, and ports that no connection is known by.
static NEXT: AtomicU64 = AtomicU64::new(1 << 40);

impl Shop<'_> {
    /// Which of these frames arrive, from one pod at another on its bridge.
    fn arrive<'a>(&self, from: &str, to: &str, frames: &[&'a [Tag]]) -> Vec<&'a [Tag]> {
        let (source, target) = (self.rig.lab.network(from).unwrap(), self.rig.lab.network(to).unwrap());
        let send = |tags: &&'a [Tag]| {
            let word = NEXT.fetch_add(1, Relaxed);
            let port = 20_000 + u16::try_from(word % 10_000).unwrap();
            let ends = (SocketAddr::new(self.pod(from).1, port), SocketAddr::new(self.pod(to).1, 8080));
            send(&source, &target, tags, ends, word);
            (word, *tags)
        };
        let sent: Vec<_> = frames.iter().map(send).collect();
        thread::sleep(SOON);
        sent.into_iter().filter(|(word, _)| !self.echoes.arrivals(*word).is_empty()).map(|(_, f)| f).collect()
    }
}

/// In both families.
fn each<'a>(rig: &'a Rig, echoes: &'a Echoes, check: impl Fn(&Shop<'a>)) {
    [true, false].into_iter().for_each(|v4| check(&Shop { rig, echoes, v4, bridged: true }));
}

/// A pod that may call nobody sends whatever it likes. What it sends arrives until an agent is there; then
/// nothing does any more, whether the agent lives, somebody deletes its rules, or it is killed.
pub(crate) fn no_tag_leads_past_the_rules() {
    let mut rig = Rig::beside_proxies(&cluster(), 2).unwrap();
    rig.bridge();
    let echoes = open(&mut rig);
    let node = rig.lab.network_of(Host::Node(0)).unwrap();
    each(&rig, &echoes, |shop| {
        assert_eq!(shop.arrive("shop/solo", "shop/api-1", READ), READ, "these frames are read");
        let others: &[&[Tag]] = &[&[(CUSTOMER, 5)], &[(SERVICE, 5), (CUSTOMER, 0)]];
        assert!(shop.arrive("shop/solo", "shop/api-1", others).is_empty(), "others are not");
    });
    // A table that somebody else has made is not the agent's alone: so it is on kernels that know no owners.
    let path = rig.namespace("node-1");
    nft(&path, "add table bridge sekisho");
    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    let closed = |rig: &Rig, when: &str| {
        each(rig, &echoes, |shop| {
            let arrived = shop.arrive("shop/solo", "shop/api-1", READ);
            assert!(arrived.is_empty(), "{when}: {arrived:x?}");
            assert!(shop.arrive("shop/solo", "shop/api-1", &[&[]]).is_empty(), "{when}: without a tag");
            assert_eq!(shop.arrive("shop/web", "shop/api-1", &[&[]]).len(), 1, "{when}: what is allowed");
            shop.on_one_bridge();
        });
    };
    closed(&rig, "with an agent");
    assert_eq!(rig.agents[0].status()["passing"], serde_json::json!([]));
    let dump = String::from_utf8(rig.agents[0].ask(&["dump"]).stdout).unwrap();
    assert!(dump.contains("table bridge sekisho {"), "{dump}");

    for tampering in ["flush table bridge sekisho", "delete table bridge sekisho"] {
        nft(&path, tampering);
        thread::sleep(Duration::from_secs(1));
        closed(&rig, tampering);
    }
    rig.agents[0].kill();
    closed(&rig, "with the agent killed");
    rig.agents[0].start(&[]);
    rig.ready();
    closed(&rig, "after a restart");

    rig.agents[0].kill();
    let net = format!("--net={}", path.display());
    let program = env!("CARGO_BIN_EXE_sekisho-agent");
    assert!(Command::new("nsenter").args([&net, program, "remove"]).status().unwrap().success());
    let left = node.within(|| Command::new("nft").args(["list", "tables"]).output().unwrap()).unwrap();
    let left = String::from_utf8(left.stdout).unwrap();
    assert!(!left.contains("sekisho"), "{left}");
}

/// Where the kernel does not take the rules about frames, the agent says so, and is ready all the same.
pub(crate) fn rules_about_frames_may_be_refused() {
    let mut rig = Rig::beside_proxies(&cluster(), 2).unwrap();
    rig.bridge();
    let _echoes = open(&mut rig);
    let node = rig.lab.network_of(Host::Node(0)).unwrap();
    let mut kernel = node.within(|| Kernel::open_table(Table::Frames).unwrap()).unwrap();
    if !kernel.own().unwrap() {
        eprintln!("SKIPPED: this kernel lets nobody own a table that outlives its owner");
        return;
    }
    rig.start(&[]);
    let passing = |rig: &Rig| rig.agents[0].status()["passing"].to_string();
    until("it says what passes by", || passing(&rig).contains("drop NET_RAW"));
    let status = rig.agents[0].ask(&["status"]);
    let said = String::from_utf8(status.stdout).unwrap();
    assert!(status.status.success() && said.contains("warning   pods that may send whatever"), "{said}");
    assert!(kernel.read().unwrap().chains.is_empty(), "it is another's");
    drop(kernel);
    until("it takes them", || passing(&rig) == "[]");
}

/// A bridge that filters VLANs puts tags on and takes them off. Where it is not shown what bears one, the agent is not
/// ready, and says why; where it can be, it is.
pub(crate) fn a_bridge_that_filters_vlans_is_policed() {
    let mut rig = Rig::beside_proxies(&cluster(), 2).unwrap();
    rig.bridge();
    let node = rig.lab.network_of(Host::Node(0)).unwrap();
    let filter = ["link", "set", BRIDGE, "type", "bridge", "vlan_filtering", "1"];
    if !node.within(|| Command::new("ip").args(filter).output().unwrap()).unwrap().status.success() {
        eprintln!("SKIPPED: the bridges of this kernel cannot filter VLANs");
        return;
    }
    let echoes = open(&mut rig);
    let frames = [READ, FILTERED].concat();
    each(&rig, &echoes, |shop| {
        assert_eq!(shop.arrive("shop/solo", "shop/api-1", &frames), frames, "these frames are read");
    });
    // As in a container, which cannot change the settings of its node.
    rig.agents[0].start_after("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys", &[]);
    let says = |rig: &Rig| rig.agents[0].status()["unseen"].to_string();
    until("it says what passes by", || says(&rig).contains("bridge-nf-filter-vlan-tagged to 1"));
    assert!(!rig.agents[0].ask(&["status"]).status.success(), "it is not ready");
    rig.agents[0].kill();

    rig.start(&[]);
    rig.agents.iter().for_each(Agent::settled);
    each(&rig, &echoes, |shop| {
        let arrived = shop.arrive("shop/solo", "shop/api-1", &frames);
        assert!(arrived.is_empty(), "{arrived:x?}");
        let own = [&[], FILTERED[0]];
        assert_eq!(
            shop.arrive("shop/web", "shop/api-1", &own),
            own,
            "what is allowed is, with a tag as well"
        );
        shop.on_one_bridge();
    });
    assert!(ip(&node, &["-d", "link", "show", BRIDGE]).contains("vlan_filtering 1"));
}
