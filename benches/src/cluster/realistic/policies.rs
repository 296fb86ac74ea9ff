//! The policies.

use super::{
    peers::{
        BALANCER, COMPONENT, PART_OF, PRIVATE, block, named, none_of, of_workload, one_of, port_named, ports,
        rule,
    },
    plan::{PARTNERS, Plan, Posture, SEED, Space, Tier, Work},
    random::Random,
};
use crate::cluster::parts::peer;
use sekisho_core::{
    object::{
        Direction, LabelSelector, Labels, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind, PolicyPort,
        Requirement, Rule,
    },
    set::Protocol,
};

pub(super) fn all(plan: &Plan) -> impl Iterator<Item = NetworkPolicy> + '_ {
    plan.namespaces.iter().flat_map(move |space| {
        let workloads = space.workloads.clone();
        let own = workloads.filter_map(move |number| Some((number, plan.workloads.get(number)?)));
        let own = own.flat_map(move |(number, work)| {
            (0..work.policies).map(move |round| match round {
                0 => component(plan, space, work, number),
                _ => debugging(space, work, round),
            })
        });
        shared(space).into_iter().chain(own)
    })
}

fn policy(space: &Space, name: &str, subjects: LabelSelector) -> NetworkPolicy {
    let key = ObjectKey::new(space.name.clone(), name);
    let types = [Direction::Ingress].into();
    let (ingress, egress) = (Vec::new(), Vec::new());
    NetworkPolicy {
        key,
        subjects,
        types,
        ingress,
        egress,
        labels: Labels::new(),
        annotations: Labels::new(),
        origin: Origin::default(),
    }
}

/// What the pods of a namespace have in common.
fn shared(space: &Space) -> Vec<NetworkPolicy> {
    let mut policies = Vec::new();
    if matches!(space.posture, Posture::Baseline | Posture::Closed) {
        let mut baseline = policy(space, "baseline", LabelSelector::everything());
        baseline.types.insert(Direction::Egress);
        if space.posture == Posture::Baseline {
            baseline.egress.push(Rule::default());
        }
        policies.push(baseline);
    }
    if space.posture == Posture::Closed {
        let mut dns = policy(space, "allow-dns", LabelSelector::everything());
        dns.types = [Direction::Egress].into();
        let server = PeerKind::PodsInNamespaces {
            namespaces: named(&["kube-system"]),
            pods: [one_of("k8s-app", &["kube-dns"])].into_iter().collect(),
        };
        let both = [ports(Protocol::Udp, 53, 53), ports(Protocol::Tcp, 53, 53)];
        dns.egress.push(rule(vec![peer(server)], both.into_iter().flatten().collect()));
        policies.push(dns);
    }
    if space.is_monitored {
        let mut monitoring = policy(space, "allow-monitoring", LabelSelector::everything());
        let from = peer(PeerKind::Namespaces(named(&["monitoring"])));
        monitoring.ingress.push(rule(vec![from], vec![port_named("metrics")]));
        policies.push(monitoring);
    }
    policies
}

/// What a component opens of itself, and to itself where its namespace is closed.
fn component(plan: &Plan, space: &Space, work: &Work, number: usize) -> NetworkPolicy {
    let mut random = Random::of(SEED, 2, number);
    let mut policy = policy(space, &work.name(), of_workload(work));
    let (from, ports) = match work.tier {
        Tier::Frontend => (frontend(&mut random), vec![port_named("http")]),
        Tier::Bff => (blocks(&BALANCER), vec![port_named("http")]),
        Tier::Backend => (bff(work, &mut random), one(9090, 9090)),
        Tier::Microservice => (callers(plan, &mut random), one(8081, 8081 + u16::from(random.chance(10)))),
    };
    policy.ingress.push(rule(from, ports));
    if space.posture == Posture::Closed {
        policy.types.insert(Direction::Egress);
        policy.egress = egress(work, &mut random);
    }
    policy
}

fn one(first: u16, last: u16) -> Vec<PolicyPort> {
    ports(Protocol::Tcp, first, last).into_iter().collect()
}

fn blocks(cidrs: &[&str]) -> Vec<Peer> {
    cidrs.iter().filter_map(|cidr| block(cidr, &[])).collect()
}

fn frontend(random: &mut Random) -> Vec<Peer> {
    let mut from = blocks(&BALANCER);
    from.push(peer(PeerKind::Namespaces(named(&["monitoring"]))));
    if random.chance(4) {
        from.extend(block(&format!("198.18.{}.0/24", random.below(PARTNERS)), &[]));
    }
    from
}

/// The own service's bff; some select it by what it is not.
fn bff(work: &Work, random: &mut Random) -> Vec<Peer> {
    let part = one_of(PART_OF, &[&work.service]);
    let component = match random.below(10) {
        0 => none_of(COMPONENT, &["frontend", "backend", "microservice"]),
        1 => one_of(COMPONENT, &["bff", "backend"]),
        _ => one_of(COMPONENT, &["bff"]),
    };
    vec![peer(PeerKind::Pods([part, component].into_iter().collect()))]
}

/// One to four components of other services; some microservices are open to whole namespaces instead.
fn callers(plan: &Plan, random: &mut Random) -> Vec<Peer> {
    if random.chance(8) {
        let standard = one_of("tier", &["standard"]);
        let namespaces = [standard, Requirement::Exists("team".into())].into_iter().collect();
        return vec![peer(PeerKind::Namespaces(namespaces))];
    }
    let count = 1 + random.below(4);
    let chosen = (0..count).filter_map(|_| {
        let caller = plan.workloads.get(random.below(plan.workloads.len()))?;
        let namespace = plan.namespaces.get(caller.namespace)?;
        let namespaces = named(&[&namespace.name]);
        Some(peer(PeerKind::PodsInNamespaces { namespaces, pods: of_workload(caller) }))
    });
    chosen.collect()
}

/// Where a component of a closed namespace goes: to pods of its own service, and some to the internet.
fn egress(work: &Work, random: &mut Random) -> Vec<Rule> {
    let own = [one_of(PART_OF, &[&work.service])].into_iter().collect();
    let mut rules = vec![rule(vec![peer(PeerKind::Pods(own))], one(8000, 9999))];
    if random.chance(30) {
        let internet = block("0.0.0.0/0", &PRIVATE).into_iter().collect();
        rules.push(rule(internet, one(443, 443)));
    }
    rules
}

/// In development, people of the office and of the VPN reach a pod.
fn debugging(space: &Space, work: &Work, round: usize) -> NetworkPolicy {
    let mut policy = policy(space, &format!("{}-debug-{round}", work.name()), of_workload(work));
    let office = block("203.0.113.0/24", &["203.0.113.64/26"]);
    let vpn = block("198.51.100.0/24", &[]);
    policy.ingress.push(rule(office.into_iter().chain(vpn).collect(), one(8000, 9999)));
    policy
}
