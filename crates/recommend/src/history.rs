//! What was seen, as connections between those whom policies can name.

use crate::{
    asked::Asked,
    evidence::Evidence,
    roster::{GroupId, Roster},
};
use sekisho_core::{
    object::{Cluster, Direction, ObjectKey, Service, TargetPort, Workload},
    packet::Traffic,
    set::Protocol,
    verdict::Because,
};
use sekisho_flow::{
    Timestamp,
    record::{Carried, End, Flow, Outcome, Why, Window},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
    sync::Arc,
};

/// An end of a connection, as policies can name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Pods of a workload, which are of this group.
    Pods(GroupId, Workload),
    /// A node, by name.
    Node(Arc<str>),
    /// An address outside the cluster.
    Address(IpAddr),
}

impl Party {
    /// The group, of pods.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::Pods(group, _) => Some(*group),
            Self::Node(_) | Self::Address(_) => None,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pods(_, workload) => workload.key.fmt(f),
            Self::Node(name) => write!(f, "node {name}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A kind of connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// Who opens it.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// The protocol.
    pub protocol: Protocol,
    /// The port of whom it is opened to.
    pub port: u16,
}

impl Call {
    /// Whose policies decide in `direction`.
    #[must_use]
    pub fn subject(&self, direction: Direction) -> &Party {
        match direction {
            Direction::Egress => &self.from,
            Direction::Ingress => &self.to,
        }
    }

    /// Who stands opposite.
    #[must_use]
    pub fn peer(&self, direction: Direction) -> &Party {
        match direction {
            Direction::Egress => &self.to,
            Direction::Ingress => &self.from,
        }
    }

    /// What it carries.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic::Port(self.protocol, self.port)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.from, self.to, self.traffic())
    }
}

/// Why something that was seen cannot become a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Untellable {
    /// Nobody can say who stands at an end of it.
    Anyone,
    /// Its addresses were folded into a block.
    Folded,
    /// Its ports were folded.
    Ports,
    /// It has no ports: a rule could let it pass only with every port (S33).
    NoPorts,
    /// It went to a Service of which it is not known where it leads.
    Service,
    /// The workload is not there, or not any more.
    Gone(ObjectKey),
    /// The addresses of the node are not known.
    Node,
}

impl fmt::Display for Untellable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("nobody can say who stands at an end of it"),
            Self::Folded => f.write_str("its addresses were folded into a block"),
            Self::Ports => f.write_str("its ports were folded"),
            Self::NoPorts => {
                f.write_str("it has no ports, so only a rule that lets every port pass would let it")
            }
            Self::Service => f.write_str("it is not known to which pods the Service leads"),
            Self::Gone(key) => write!(f, "`{key}` is not among what was read of the cluster"),
            Self::Node => f.write_str("the addresses of the node are not known"),
        }
    }
}

/// Groups, and the directions in which their policies decide.
pub type Subjects = BTreeSet<(GroupId, Direction)>;

/// What was seen and cannot become a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// What: who opens what to whom.
    pub what: String,
    /// Why not.
    pub why: Untellable,
    /// How often it was seen, and when.
    pub evidence: Evidence,
    /// The groups whose policies decide about it, and in which direction.
    pub subjects: Subjects,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct History {
    /// The connections that passed.
    pub passed: BTreeMap<Call, Evidence>,
    /// Those that were denied.
    pub denied: BTreeMap<Call, Evidence>,
    /// Those that passed and cannot become rules, sorted.
    pub untold: Vec<Untold>,
    /// How many records were read, and are of the time that is asked about.
    pub records: u64,
    /// How many of them need no rule: a pod's own node (S20), the pod itself (S21), neighbour discovery (S34), and
    /// what has no pod at either end.
    pub exempt: u64,
    /// From the first to the last that was seen, or what is asked about.
    pub window: Option<Window>,
}

impl History {
    /// What `flows` tell of the pods of `roster`, within the time that is asked about.
    pub fn of(
        flows: impl IntoIterator<Item = Flow>,
        cluster: &Cluster,
        roster: &Roster,
        asked: &Asked,
    ) -> Self {
        let mut history = Self::default();
        let reader = Reader { cluster, roster };
        let mut untold: BTreeMap<(String, Untellable, Subjects), Evidence> = BTreeMap::new();
        let mut span: Option<(Timestamp, Timestamp)> = None;
        for flow in flows {
            let (first, last) = (flow.seen.first, flow.seen.last);
            if !asked.is_within(first, last) {
                continue;
            }
            history.records += 1;
            span = Some(span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
            let evidence = reader.evidence(&flow);
            match reader.read(&flow) {
                Read::Exempt => history.exempt += 1,
                Read::Untold(why) => {
                    if flow.key.outcome != Outcome::Denied {
                        let key = &flow.key;
                        let what = format!("{} -> {} {}", key.from, key.to, key.carried);
                        add(&mut untold, (what, why, reader.subjects(&flow)), &evidence);
                    }
                }
                Read::Calls(calls) => {
                    let is_denied = flow.key.outcome == Outcome::Denied;
                    let known = if is_denied { &mut history.denied } else { &mut history.passed };
                    calls.into_iter().for_each(|call| add(known, call, &evidence));
                }
            }
        }
        let all = untold.into_iter();
        history.untold =
            all.map(|((what, why, subjects), evidence)| Untold { what, why, evidence, subjects }).collect();
        let whole = span.and_then(|(from, to)| Window::new(from, to).ok());
        history.window = asked.window.or(whole);
        history
    }

    /// The DNS names of an address, as far as they were seen.
    #[must_use]
    pub fn names(&self, address: IpAddr) -> BTreeSet<Arc<str>> {
        let is_one = |call: &Call| [&call.from, &call.to].contains(&&Party::Address(address));
        let of = self.passed.iter().filter(|(call, _)| is_one(call));
        of.flat_map(|(_, evidence)| evidence.names.iter().cloned()).collect()
    }
}

fn add<K: Ord>(known: &mut BTreeMap<K, Evidence>, key: K, evidence: &Evidence) {
    known.entry(key).and_modify(|known| known.join(evidence)).or_insert_with(|| evidence.clone());
}

/// What a record is.
enum Read {
    Calls(BTreeSet<Call>),
    Exempt,
    Untold(Untellable),
}

struct Reader<'a> {
    cluster: &'a Cluster,
    roster: &'a Roster,
}

impl Reader<'_> {
    fn evidence(&self, flow: &Flow) -> Evidence {
        let mut evidence = Evidence::of(flow);
        for end in [&flow.key.from, &flow.key.to] {
            if let End::External { names, .. } = end {
                evidence.names.join(names);
            }
        }
        evidence
    }

    fn read(&self, flow: &Flow) -> Read {
        let key = &flow.key;
        let has_subject = [&key.from, &key.to]
            .into_iter()
            .any(|end| matches!(end, End::Workload(_) | End::Service(_) | End::Anyone));
        if !has_subject || self.is_exempt(flow) {
            return Read::Exempt;
        }
        let (protocol, port) = match key.carried {
            Carried::Port(protocol, port) if port > 0 => (protocol, port),
            Carried::Port(..) | Carried::AnyPort(_) | Carried::Anything => {
                return Read::Untold(Untellable::Ports);
            }
            Carried::Icmp(..) | Carried::Icmpv6(..) | Carried::Other(_) => {
                return Read::Untold(Untellable::NoPorts);
            }
        };
        match self.calls(&key.from, &key.to, protocol, port) {
            Ok(calls) => Read::Calls(calls),
            Err(why) => Read::Untold(why),
        }
    }

    /// The groups whose policies decide about it.
    fn subjects(&self, flow: &Flow) -> Subjects {
        let of = |end: &End, direction| -> Vec<(GroupId, Direction)> {
            let groups = end.workload().map(|end| self.roster.of_end(end)).unwrap_or_default();
            groups.into_iter().map(|group| (group, direction)).collect()
        };
        let from = of(&flow.key.from, Direction::Egress);
        from.into_iter().chain(of(&flow.key.to, Direction::Ingress)).collect()
    }

    /// Whether no policy can stop it.
    fn is_exempt(&self, flow: &Flow) -> bool {
        let key = &flow.key;
        let is_exempt = |why: &Why| {
            matches!(why, Why::Because(Because::OwnNode | Because::Itself | Because::NeighbourDiscovery))
        };
        let discovery = key.carried.traffic().is_some_and(Traffic::is_neighbour_discovery);
        discovery || is_exempt(&key.leave.ingress) || self.is_itself(flow) || self.is_own_node(flow)
    }

    /// S21, where one pod alone was seen at both ends.
    fn is_itself(&self, flow: &Flow) -> bool {
        let only = |pods: &sekisho_flow::record::Pods| match (pods.iter().next(), pods.iter().len()) {
            (Some(pod), 1) if !pods.has_more() => Some(Arc::clone(pod)),
            _ => None,
        };
        let from = only(&flow.seen.from_pods);
        flow.key.from == flow.key.to && from.is_some() && from == only(&flow.seen.to_pods)
    }

    /// S20: all the pods at the destination are known to be on the node at the source.
    fn is_own_node(&self, flow: &Flow) -> bool {
        let (End::Node(Some(node)), End::Workload(to)) = (&flow.key.from, &flow.key.to) else { return false };
        let seen = &flow.seen.to_pods;
        let here = |name: &Arc<str>| {
            let is_it = |pod: &sekisho_core::object::Pod| {
                pod.key.namespace == to.workload.key.namespace && pod.key.name == *name
            };
            self.groups(to).iter().any(|group| {
                let mut pods = self.roster.group(*group).into_iter().flat_map(|group| &group.pods);
                pods.any(|pod| is_it(pod) && pod.node.as_ref() == Some(node))
            })
        };
        !seen.is_empty() && !seen.has_more() && seen.iter().all(here)
    }

    fn groups(&self, end: &sekisho_flow::record::WorkloadEnd) -> BTreeSet<GroupId> {
        self.roster.of_end(end)
    }

    fn calls(
        &self,
        from: &End,
        to: &End,
        protocol: Protocol,
        port: u16,
    ) -> Result<BTreeSet<Call>, Untellable> {
        let sources = self.parties(from)?;
        let destinations: BTreeSet<(Party, u16)> = match to {
            End::Service(key) => self.behind(key, protocol, port)?,
            end => self.parties(end)?.into_iter().map(|party| (party, port)).collect(),
        };
        let pairs = sources.iter().flat_map(|from| destinations.iter().map(move |to| (from, to)));
        Ok(pairs
            .map(|(from, (to, port))| Call { from: from.clone(), to: to.clone(), protocol, port: *port })
            .collect())
    }

    fn parties(&self, end: &End) -> Result<BTreeSet<Party>, Untellable> {
        match end {
            End::Workload(end) => {
                let groups = self.roster.of_end(end);
                if groups.is_empty() {
                    return Err(Untellable::Gone(end.workload.key.clone()));
                }
                let workload = |group: GroupId| self.workload(group, &end.workload);
                Ok(groups.into_iter().map(|group| Party::Pods(group, workload(group))).collect())
            }
            End::Node(Some(name)) => match self.cluster.nodes.get(name) {
                Some(node) if !node.addresses.is_empty() => Ok([Party::Node(Arc::clone(name))].into()),
                _ => Err(Untellable::Node),
            },
            End::Node(None) => Err(Untellable::Node),
            // Nothing opens connections from a Service's address.
            End::Service(_) => Err(Untellable::Service),
            End::External { block, .. } if block.first() == block.last() => {
                Ok([Party::Address(block.first())].into())
            }
            End::External { .. } => Err(Untellable::Folded),
            End::Anyone => Err(Untellable::Anyone),
        }
    }

    /// The workload of a group that an end of a flow means: by another name where the observer calls it otherwise.
    fn workload(&self, group: GroupId, told: &Workload) -> Workload {
        let of = self.roster.group(group).map(|group| &group.workloads);
        let same = of.filter(|workloads| workloads.contains(told)).map(|_| told.clone());
        same.or_else(|| of?.first().cloned()).unwrap_or_else(|| told.clone())
    }

    /// Where the port of a Service leads: policies see it after translation (S16, S37).
    fn behind(
        &self,
        key: &ObjectKey,
        protocol: Protocol,
        port: u16,
    ) -> Result<BTreeSet<(Party, u16)>, Untellable> {
        let found = self.cluster.services.get(key).map(|service| self.targets(service, protocol, port));
        found.filter(|targets| !targets.is_empty()).ok_or(Untellable::Service)
    }

    fn targets(&self, service: &Service, protocol: Protocol, port: u16) -> BTreeSet<(Party, u16)> {
        let Some(selector) = &service.selector else { return BTreeSet::new() };
        let is_meant =
            |one: &&sekisho_core::object::ServicePort| one.protocol == protocol && one.port == port;
        let Some(of) = service.ports.iter().find(is_meant) else { return BTreeSet::new() };
        let mut targets = BTreeSet::new();
        for (id, group) in self.roster.groups().iter().enumerate() {
            if group.namespace != service.key.namespace {
                continue;
            }
            for pod in group.pods.iter().filter(|pod| selector.matches(&pod.labels)) {
                let numbers: Vec<u16> = match &of.target {
                    TargetPort::Number(number) => vec![*number],
                    TargetPort::Name(name) => pod.named_ports(protocol, name).collect(),
                };
                let party = Party::Pods(id, pod.workload.clone());
                targets.extend(numbers.into_iter().map(|number| (party.clone(), number)));
            }
        }
        targets
    }
}
