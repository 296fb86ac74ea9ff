//! A day of the example's exchange: who calls whom there, on three nodes, and what nobody of it ever calls.

use crate::{
    edges::{
        BALANCERS, CLEARING, EDGES, ENTRANCES, IDLE, INTAKE, PAYMENTS, REFUSED, RESOLVER, STRANGE, THEFTS,
        WAYS_OUT,
    },
    example,
    rig::{
        Rig,
        calls::{connect, token},
    },
};
use sekisho_core::{
    object::{Cluster, ObjectKey, PodUid},
    set::Protocol::{self, Tcp, Udp},
};
use sekisho_lab::{Host, Network};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
    thread,
    time::Duration,
};

/// How long an answer is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it is waited for where none may come: less than it takes to knock a second time.
const IMPATIENCE: Duration = Duration::from_millis(400);
/// What a ReplicaSet is told apart by.
const HASH: &str = "5c7d9f6b8";
/// What a label of the ReplicaSet is called.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// A connection that somebody opens.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) host: Host,
    pub(crate) from: IpAddr,
    pub(crate) to: SocketAddr,
    pub(crate) protocol: Protocol,
    /// Who calls whom: workloads, and addresses outside.
    pub(crate) ends: [String; 2],
    /// Whether it comes from a pod, and goes to one.
    pub(crate) pods: (bool, bool),
}

/// The example with as many pods as its replicas, and an agent of the monitoring on each of `nodes` nodes.
pub(crate) fn cluster(nodes: usize) -> Cluster {
    let mut cluster = example();
    for pod in std::mem::take(&mut cluster.pods).into_values() {
        let (copies, hash) = match &*pod.workload.kind {
            "Deployment" => (2, Some(HASH)),
            "DaemonSet" => (nodes, None),
            _ => (1, None),
        };
        for copy in 0..copies {
            let mut one = (*pod).clone();
            let hashed = hash.map(|hash| format!("-{hash}")).unwrap_or_default();
            // As Kubernetes calls them, but for chance.
            let name = if copies == 1 {
                format!("{}-0", pod.key.name)
            } else {
                format!("{}{hashed}-x{}x{}x", pod.key.name, copy + 4, copy + 5)
            };
            one.key = ObjectKey::new(Arc::clone(&pod.key.namespace), name);
            one.uid = PodUid(one.key.to_string().into());
            if let Some(hash) = hash {
                one.labels.set(TEMPLATE_HASH, hash);
            }
            if &*pod.workload.kind == "DaemonSet" {
                one.node = Some(format!("node-{}", copy + 1).into());
            }
            cluster.pods.insert(one.uid.clone(), one.into());
        }
    }
    cluster
}

/// All addresses outside that anything here is about.
pub(crate) fn outside() -> BTreeSet<IpAddr> {
    let all = [&BALANCERS[..], &CLEARING, &PAYMENTS, &INTAKE, &STRANGE, &RESOLVER];
    all.concat().iter().map(|address| address.parse().unwrap()).collect()
}

/// Who is who on a rig.
pub(crate) struct Exchange<'a>(pub(crate) &'a Rig);

impl Exchange<'_> {
    /// The pods of a workload, each with its addresses.
    fn pods(&self, workload: &str) -> Vec<(Host, Vec<IpAddr>)> {
        let plan = self.0.lab.current_plan();
        let pods = plan.cluster.pods.values().filter(|pod| pod.workload.key.to_string() == workload);
        let found: Vec<_> = pods
            .map(|pod| (plan.find(&pod.key.to_string()).unwrap(), pod.addresses.iter().copied().collect()))
            .collect();
        assert!(!found.is_empty(), "{workload}");
        found
    }

    /// The addresses at which a workload is called on its pods' port: its Service's, where it has that port too, and
    /// its pods'.
    fn addresses(&self, workload: &str, (protocol, port): (Protocol, u16)) -> Vec<IpAddr> {
        let services = self.0.lab.current_plan().cluster.services.values();
        let of_service = services
            .filter(|service| service.key.to_string() == workload)
            .filter(|service| service.ports.iter().any(|of| (of.protocol, of.port) == (protocol, port)))
            .flat_map(|service| service.cluster_addresses.iter().copied());
        let pods = self.pods(workload).into_iter().flat_map(|(_, addresses)| addresses);
        of_service.chain(pods).collect()
    }

    /// From each pod of `from` to each of `addresses` of its family.
    fn from(&self, from: &str, to: &str, addresses: &[IpAddr], port: (Protocol, u16)) -> Vec<Call> {
        let to_pods = to.contains('/');
        let mut calls = Vec::new();
        for (host, own) in self.pods(from) {
            for own in own {
                for address in addresses.iter().filter(|address| address.is_ipv4() == own.is_ipv4()) {
                    calls.push(Call {
                        host,
                        from: own,
                        to: SocketAddr::new(*address, port.1),
                        protocol: port.0,
                        ends: [from.to_owned(), to.to_owned()],
                        pods: (true, to_pods),
                    });
                }
            }
        }
        calls
    }

    /// What happens there on any day.
    pub(crate) fn day(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        for (from, to, port) in EDGES {
            calls.extend(self.from(from, to, &self.addresses(to, port), port));
        }
        for (from, addresses) in WAYS_OUT {
            for address in addresses {
                calls.extend(self.from(from, address, &[address.parse().unwrap()], (Tcp, 443)));
            }
        }
        for (to, port) in ENTRANCES {
            for address in self.pods(to).into_iter().flat_map(|(_, addresses)| addresses) {
                for balancer in BALANCERS.iter().filter(|_| address.is_ipv4()) {
                    calls.push(Call {
                        host: Host::Outside,
                        from: balancer.parse().unwrap(),
                        to: SocketAddr::new(address, port),
                        protocol: Tcp,
                        ends: [(*balancer).to_owned(), to.to_owned()],
                        pods: (false, true),
                    });
                }
            }
        }
        calls
    }

    /// What nobody of it does on any day, and passes as long as egress is open.
    pub(crate) fn thefts(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        for (from, to, port) in THEFTS {
            for to in to {
                let addresses = match to.parse() {
                    Ok(address) => vec![address],
                    Err(_) => self.pods(to).into_iter().flat_map(|(_, addresses)| addresses).collect(),
                };
                calls.extend(self.from(from, to, &addresses, port));
            }
        }
        calls
    }

    /// What somebody tries there who is not let in: egress lets it pass, and its destination's ingress does not.
    pub(crate) fn refused(&self) -> Vec<Call> {
        REFUSED.into_iter().flat_map(|edge| self.between(edge)).collect()
    }

    /// What nobody does there, and its destination's ingress lets in.
    pub(crate) fn idle(&self) -> Vec<Call> {
        self.between(IDLE)
    }

    fn between(&self, (from, to, port): (&str, &str, (Protocol, u16))) -> Vec<Call> {
        let addresses: Vec<IpAddr> = self.pods(to).into_iter().flat_map(|(_, of)| of).collect();
        self.from(from, to, &addresses, port)
    }

    /// Whether whom it goes to is on another node.
    pub(crate) fn leaves_its_node(&self, call: &Call) -> bool {
        let sites = &self.0.lab.current_plan().sites;
        let to = sites.iter().find(|site| site.addresses.contains(&call.to.ip()));
        !matches!(call.host, Host::Site(at) if to.is_some_and(|to| to.node == sites[at].node))
    }

    /// Makes the calls, those of different callers at the same time, and tells which were answered.
    pub(crate) fn make(&self, calls: &[Call], patience: Duration) -> Vec<bool> {
        let mut by_host: BTreeMap<Host, Vec<usize>> = BTreeMap::new();
        for (at, call) in calls.iter().enumerate() {
            by_host.entry(call.host).or_default().push(at);
        }
        let mut answered = vec![false; calls.len()];
        let work = |(host, mine): (Host, Vec<usize>)| {
            let network: Network = self.0.lab.network_of(host).unwrap();
            let one = |at: usize| (at, calls[at].is_answered(patience));
            network.within(|| mine.into_iter().map(one).collect::<Vec<_>>()).unwrap()
        };
        thread::scope(|scope| {
            let threads: Vec<_> = by_host.into_iter().map(|of| scope.spawn(|| work(of))).collect();
            for (at, is_answered) in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
                answered[at] = is_answered;
            }
        });
        answered
    }

    /// Every call passes.
    pub(crate) fn pass(&self, when: &str, calls: &[Call]) {
        let answered = self.make(calls, PATIENCE);
        let failed: Vec<&Call> = calls
            .iter()
            .zip(answered)
            .filter(|(_, is_answered)| !is_answered)
            .map(|(call, _)| call)
            .collect();
        assert!(failed.is_empty(), "{when}: of {} do not pass: {failed:#?}\n{}", calls.len(), self.0.logs());
    }

    /// How many of the calls pass, where none may.
    pub(crate) fn passing(&self, calls: &[Call]) -> usize {
        self.make(calls, IMPATIENCE).into_iter().filter(|is_answered| *is_answered).count()
    }
}

impl Call {
    /// What kind of connection it is.
    pub(crate) fn kind(&self) -> String {
        let [from, to] = &self.ends;
        format!("{from} {to} {}/{}", self.protocol, self.to.port())
    }

    fn is_answered(&self, patience: Duration) -> bool {
        let mut answer = [0; 64];
        match self.protocol {
            Udp => {
                let socket = UdpSocket::bind((self.from, 0)).unwrap();
                socket.set_read_timeout(Some(patience)).unwrap();
                let sent = socket.connect(self.to).and_then(|()| socket.send(&token().to_be_bytes()));
                sent.and_then(|_| socket.recv(&mut answer)).is_ok_and(|length| length > 0)
            }
            _ => connect(self.from, self.to, patience)
                .and_then(|mut stream| stream.read(&mut answer))
                .is_ok_and(|length| length > 0),
        }
    }
}
