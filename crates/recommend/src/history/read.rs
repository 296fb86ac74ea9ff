//! From a record to the connections that it is about.

use super::{Call, Party, Subjects, Untellable};
use crate::{
    evidence::Evidence,
    roster::{GroupId, Roster},
};
use sekisho_core::{
    object::{Cluster, Direction, ObjectKey, Service, ServicePort, TargetPort, Workload},
    packet::Traffic,
    set::Protocol,
    verdict::Because,
};
use sekisho_flow::record::{Carried, End, Flow, Pods, Why, WorkloadEnd};
use std::{collections::BTreeSet, sync::Arc};

/// What a record is.
pub(super) enum Read {
    Calls(BTreeSet<Call>),
    Exempt,
    Untold(Untellable),
}

pub(super) struct Reader<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) roster: &'a Roster,
}

impl Reader<'_> {
    pub(super) fn evidence(&self, flow: &Flow) -> Evidence {
        let mut evidence = Evidence::of(flow);
        for end in [&flow.key.from, &flow.key.to] {
            if let End::External { names, .. } = end {
                evidence.names.join(names);
            }
        }
        evidence
    }

    pub(super) fn read(&self, flow: &Flow) -> Read {
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
    pub(super) fn subjects(&self, flow: &Flow) -> Subjects {
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
        let only = |pods: &Pods| match (pods.iter().next(), pods.iter().len()) {
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

    fn groups(&self, end: &WorkloadEnd) -> BTreeSet<GroupId> {
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
        let is_meant = |one: &&ServicePort| one.protocol == protocol && one.port == port;
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
