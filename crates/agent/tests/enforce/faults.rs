//! What may go wrong.

use crate::{
    nft,
    rig::{Rig, traffic::Traffic},
    small,
    support::until,
};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

/// Agents are killed, the API server goes, forgets and is rewound, and somebody flushes the ruleset; and all the
/// while traffic flows.
pub(crate) fn nothing_leaks_while_it_breaks() {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    rig.server.apply_text(small::policy());
    rig.start(&[]);
    rig.agrees("from nothing");
    let mut traffic = Traffic::new();
    for address in small::addresses(&rig, "api") {
        let api = ("shop/api", address);
        traffic.allow(&rig.lab, "shop/web", api, 7000);
        traffic.forbid(&rig.lab, "shop/web", api, 7001);
        traffic.forbid(&rig.lab, "jobs/cron", api, 7002);
    }
    killed_at_random(&mut rig);
    traffic.so_far().hold(&format!("agents killed\n{}", rig.logs()));
    flushed(&rig);
    traffic.so_far().hold(&format!("rulesets flushed\n{}", rig.logs()));
    pods_come_and_go(&mut rig);
    traffic.stop().hold(&format!("pods come and go\n{}", rig.logs()));
    rig.agrees("after all of it");
}

/// Agents are killed in whatever they are doing, and start again.
fn killed_at_random(rig: &mut Rig) {
    let kills: u32 = std::env::var("SEKISHO_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let begun = Instant::now();
    for kill in 0..kills {
        let at = usize::try_from(kill).unwrap() % rig.agents.len();
        let agent = &mut rig.agents[at];
        agent.kill();
        agent.start(&[]);
        // Spread over the whole of a start, which takes some 100 ms.
        thread::sleep(Duration::from_millis(u64::from(kill * 37 % 151)));
    }
    rig.ready();
    println!("{kills} kills in {:.1} s", begun.elapsed().as_secs_f64());
}

/// Somebody flushes the ruleset of every node. Where the kernel knows owners of tables, that is nothing.
fn flushed(rig: &Rig) {
    let nodes = &rig.lab.current_plan().nodes;
    for _ in 0..20 {
        nodes.iter().for_each(|node| nft(&rig.namespace(&node.name), "flush ruleset"));
        thread::sleep(Duration::from_millis(50));
    }
}

/// Pods that run elsewhere, some of them such as `api` lets in.
pub(crate) fn others(count: usize) -> String {
    let pod = |n: usize| {
        let address = format!("10.99.{}.{}", n / 250, n % 250 + 2);
        let app = if n.is_multiple_of(10) { "web" } else { "other" };
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: other-{n}, namespace: shop, labels: {{app: {app}, n: \"{n}\"}}}}\n\
             spec: {{nodeName: node-9, containers: [{{name: main, image: none}}]}}\n\
             status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n",
        )
    };
    (0..count).map(pod).collect()
}

/// Policies that select nothing of what traffic flows between.
pub(crate) fn policies(count: usize) -> String {
    let policy = |n: usize| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: other-{n}, namespace: shop}}\n\
             spec: {{podSelector: {{matchLabels: {{n: \"{n}\"}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: {{app: other}}}}}}]}}]}}\n",
        )
    };
    (0..count).map(policy).collect()
}

/// Other pods and policies come and go, in bursts, and the API server with them.
fn pods_come_and_go(rig: &mut Rig) {
    let (pods, policies) = (others(1000), policies(500));
    rig.server.order("save");
    let begun = Instant::now();
    rig.server.apply_text(&pods);
    rig.server.apply_text(&policies);
    println!("1,000 pods and 500 policies were applied in {:.1} s", begun.elapsed().as_secs_f64());
    rig.server.order("stop");
    thread::sleep(Duration::from_secs(2));
    rig.server.order("start");
    rig.server.delete_text(&policies);
    rig.server.order("compact");
    // As from a backup: versions of resources begin again below what was heard, and all of these never were.
    rig.server.order("rewind");
    until("what never was is forgotten", || rig.agents.iter().all(|agent| agent.pods() == 3));
    rig.server.apply_text(&pods);
    until("all pods are known", || rig.agents.iter().all(|agent| agent.pods() == 1003));
    rig.server.delete_text(&pods);
    until("they are gone", || rig.agents.iter().all(|agent| agent.pods() == 3));
}

/// S26, S27: `cron` goes and `web2` takes its address at once, under other policies: what was open is cut, and
/// what the new pod may is its own.
pub(crate) fn an_address_is_another_pods_at_once() {
    let mut rig = Rig::build(&small::cluster(), 2).unwrap();
    rig.server.apply_text(small::policy());
    rig.start(&[]);
    rig.agents.iter().for_each(crate::rig::agent::Agent::settled);
    let address = small::addresses(&rig, "cron")[0];
    let api = small::addresses(&rig, "api")[0];
    let pod = |name: &str, labels: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}\n\
             spec: {{nodeName: node-2, containers: [{{name: main, image: none}}]}}\n\
             status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}\n"
        )
    };
    let cron = "apiVersion: v1\nkind: Pod\nmetadata: {name: cron, namespace: jobs}\n";
    let listener = rig.lab.within("shop/api", || TcpListener::bind((api, 7000)).unwrap()).unwrap();
    let network = rig.lab.network("jobs/cron").unwrap();
    let connects = || {
        let at = SocketAddr::new(api, 7000);
        network.within(move || TcpStream::connect_timeout(&at, Duration::from_millis(300)).is_ok()).unwrap()
    };
    assert!(!connects(), "`cron` may not");
    for round in 0..5 {
        rig.server.delete_text(cron);
        rig.server.delete_text(&pod("other", "app: other"));
        rig.server.apply_text(&pod("web2", "app: web"));
        until("the new pod may", connects);
        let at = SocketAddr::new(api, 7000);
        let mut open = network.within(move || TcpStream::connect(at).unwrap()).unwrap();
        let (mut served, _) = listener.accept().map(|first| (first.0, ())).unwrap();
        while let Ok(true) = is_other(&open, &served) {
            served = listener.accept().unwrap().0;
        }
        say(&mut open, &mut served).unwrap();
        rig.server.delete_text(&pod("web2", "app: web"));
        rig.server.apply_text(&pod("other", "app: other"));
        until("the next one may not", || !connects());
        assert!(
            say(&mut open, &mut served).is_err(),
            "round {round}: what its predecessor opened died with it"
        );
    }
}

/// Whether the listener's end is of another connection.
fn is_other(client: &TcpStream, server: &TcpStream) -> std::io::Result<bool> {
    Ok(client.local_addr()? != server.peer_addr()?)
}

fn say(from: &mut TcpStream, to: &mut TcpStream) -> std::io::Result<()> {
    to.set_read_timeout(Some(Duration::from_millis(500)))?;
    from.write_all(b"word")?;
    to.read_exact(&mut [0; 4])
}
