//! `diff` says of every connection what the evaluator says of it in either state.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what must hold")]

use proptest::{collection::vec, prelude::*};
use sekisho_core::{
    diff::{ConnectionChange, Difference, Kind},
    eval,
    object::{Change, Cluster, ObjectKey, Pod, Workload},
    packet::{End, Packet, Traffic},
    reach::{Family, Party, Term, WorkloadPods},
    set::{AddressSet, Cidr, PortSet, Protocol},
    testing::{EXTERNAL, PORTS, change, cluster, compared, config, node_addresses},
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// A cluster, and what becomes of it.
fn pair() -> impl Strategy<Value = (Cluster, Cluster)> {
    (cluster(0..9, 0..6), vec(change(), 0..5)).prop_map(|(old, changes): (Cluster, Vec<Change>)| {
        let mut new = old.clone();
        changes.into_iter().for_each(|change| new.apply(change));
        (old, new)
    })
}

/// Puts the pods into few workloads, so that pods of one differ.
fn gather(cluster: &mut Cluster) {
    for pod in cluster.pods.values_mut() {
        let number = pod.key.name.bytes().last().unwrap_or_default() % 3;
        let key = ObjectKey::new(Arc::clone(&pod.key.namespace), format!("workload-{number}"));
        Arc::make_mut(pod).workload = Workload { key, kind: Arc::from("Deployment") };
    }
}

/// An end that is there in both states.
#[derive(Clone, Debug)]
struct Who {
    pod: Option<Pod>,
    address: Option<IpAddr>,
    family: Family,
    ends: [End; 2],
}

impl Who {
    fn is_one_of(&self, pods: &WorkloadPods) -> bool {
        let Some(pod) = &self.pod else { return false };
        *pods.workload == pod.workload && (pods.pods.is_empty() || pods.pods.contains(&pod.key.name))
    }

    fn is_in(&self, term: &Term) -> bool {
        match (&self.pod, term) {
            (Some(_), Term::Cluster { except }) => !except.iter().any(|term| self.is_in(term)),
            (Some(pod), Term::Namespace { name, except }) => {
                *name == pod.key.namespace && !except.iter().any(|pods| self.is_one_of(pods))
            }
            (_, Term::Workload(pods)) => self.is_one_of(pods),
            (None, Term::Addresses(set)) => self.address.is_some_and(|address| set.contains(address)),
            _ => false,
        }
    }

    fn is_of(&self, party: &Party) -> bool {
        party.terms.iter().any(|term| self.is_in(term))
    }
}

/// The end of a pod that packets of a family meet.
fn end(pod: &Pod, family: Family) -> Option<End> {
    if pod.addresses.is_empty() {
        return Some(End::Pod(pod.uid.clone()));
    }
    pod.addresses.iter().find(|address| Family::of(**address) == family).copied().map(End::Address)
}

/// Everybody who is there in both states, once for each family that is.
fn everybody(old: &Cluster, new: &Cluster) -> Vec<Who> {
    let policed = old.pods.values().filter(|pod| pod.is_policed());
    let mut everybody = Vec::new();
    for pod in policed {
        let Some(other) = new.pods.get(&pod.uid).filter(|pod| pod.is_policed()) else { continue };
        for family in Family::ALL {
            let (Some(before), Some(after)) = (end(pod, family), end(other, family)) else { continue };
            everybody.push(Who {
                pod: Some(Pod::clone(other)),
                address: None,
                family,
                ends: [before, after],
            });
        }
    }
    for text in EXTERNAL {
        let address: IpAddr = text.parse().expect("an address");
        let ends = [End::Address(address), End::Address(address)];
        everybody.push(Who { pod: None, address: Some(address), family: Family::of(address), ends });
    }
    everybody
}

fn is_listed(from: &Who, to: &Who) -> bool {
    let uid = |who: &Who| who.pod.as_ref().map(|pod| pod.uid.clone());
    let are_two = uid(from) != uid(to) && (0..2).all(|at| from.ends[at] != to.ends[at]);
    from.family == to.family && are_two
}

fn carries(ports: &PortSet, traffic: Traffic) -> bool {
    match traffic {
        Traffic::Port(protocol, port) => ports.contains(protocol, port),
        Traffic::Icmpv6(_) | Traffic::Other(_) => ports.has_other(),
    }
}

fn every_traffic() -> Vec<Traffic> {
    let ports = |protocol| PORTS.map(|port| Traffic::Port(protocol, port));
    Protocol::ALL.into_iter().flat_map(ports).chain([Traffic::Other(1), Traffic::Icmpv6(128)]).collect()
}

/// The changes that speak of a connection.
fn of<'d>(difference: &'d Difference, from: &Who, to: &Who) -> Vec<&'d ConnectionChange> {
    let family = |change: &&ConnectionChange| change.family.is_none_or(|family| family == from.family);
    let is_said =
        |change: &&ConnectionChange| from.is_of(&change.from) && to.is_of(&change.to) && family(change);
    difference.changes.iter().filter(is_said).collect()
}

fn decided(clusters: [&Cluster; 2], from: &Who, to: &Who, traffic: Traffic) -> [bool; 2] {
    [0, 1].map(|at| {
        let packet = Packet { from: from.ends[at].clone(), to: to.ends[at].clone(), traffic };
        eval::decide(clusters[at], &packet).decision.is_allow()
    })
}

type Plain = (Arc<Party>, Arc<Party>, Option<Family>, Arc<PortSet>, Arc<PortSet>);

/// A change without what has no mirror: why it is, and how much it is to be looked at.
fn plain(change: &ConnectionChange) -> Plain {
    let ConnectionChange { from, to, family, before, after, .. } = change.clone();
    (from, to, family, before, after)
}

proptest! {
    #![proptest_config(config(5_000))]

    #[test]
    fn diff_says_what_eval_says((old, new) in pair()) {
        let difference = compared(&old, &new);
        let everybody = everybody(&old, &new);
        for from in &everybody {
            for to in everybody.iter().filter(|to| is_listed(from, to)) {
                let said = of(&difference, from, to);
                prop_assert!(said.len() < 2, "{from:?} to {to:?} is told of twice: {said:?}");
                for traffic in every_traffic() {
                    let [before, after] = decided([&old, &new], from, to, traffic);
                    match said.first() {
                        None => prop_assert_eq!(before, after, "{:?} to {:?} on {}", from, to, traffic),
                        Some(change) => {
                            let told = [carries(&change.before, traffic), carries(&change.after, traffic)];
                            prop_assert_eq!(told, [before, after], "{:?} to {:?} on {}", from, to, traffic);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_differs_of_a_workload_is_told((mut old, mut new) in pair()) {
        gather(&mut old);
        gather(&mut new);
        let difference = compared(&old, &new);
        let everybody = everybody(&old, &new);
        for from in &everybody {
            for to in everybody.iter().filter(|to| is_listed(from, to)) {
                for traffic in every_traffic() {
                    let [before, after] = decided([&old, &new], from, to, traffic);
                    let is_told = of(&difference, from, to).into_iter().any(|change| {
                        [carries(&change.before, traffic), carries(&change.after, traffic)] == [before, after]
                    });
                    prop_assert!(before == after || is_told, "{:?} to {:?} on {}", from, to, traffic);
                }
            }
        }
    }

    #[test]
    fn a_state_does_not_differ_from_itself(mut cluster in cluster(0..9, 0..6)) {
        prop_assert_eq!(compared(&cluster, &cluster), Difference::default());
        // Names that rollouts make do not matter where all pods of a workload are alike.
        cluster.pods.values_mut().for_each(|pod| Arc::make_mut(pod).workload.kind = "Deployment".into());
        let mut renamed = cluster.clone();
        renamed.pods.values_mut().for_each(|pod| Arc::make_mut(pod).key.name = format!("{}-x", pod.key.name).into());
        prop_assert_eq!(compared(&cluster, &renamed), Difference::default());
    }

    #[test]
    fn the_way_back_is_the_mirror((old, new) in pair()) {
        let (there, back) = (compared(&old, &new), compared(&new, &old));
        let mut mirrored: Vec<_> = back
            .changes
            .iter()
            .map(plain)
            .map(|(from, to, family, before, after)| (from, to, family, after, before))
            .collect();
        let mut plain: Vec<_> = there.changes.iter().map(plain).collect();
        plain.sort();
        mirrored.sort();
        prop_assert_eq!(plain, mirrored);
        prop_assert_eq!(&there.came, &back.went);
        prop_assert_eq!(there.protection.len(), back.protection.len());
    }

    #[test]
    fn every_change_has_a_witness_and_a_cause((old, new) in pair()) {
        for change in compared(&old, &new).changes {
            // Of one pod and itself there is only talk of others of its kind.
            let Some(witness) = change.witness.filter(|_| change.from != change.to) else { continue };
            let is_twin = |end: &End| matches!(end, End::Pod(uid) if uid.0.ends_with('\''));
            if is_twin(&witness.old.to) || is_twin(&witness.new.to) {
                continue;
            }
            let decide = |cluster, packet| eval::decide(cluster, packet).decision;
            prop_assert_ne!(decide(&old, &witness.old), decide(&new, &witness.new), "{}", witness.new);
            prop_assert!(!change.causes.is_empty());
            let opens = |opens: bool| change.causes.iter().any(|cause| cause.reason.opens() == opens);
            match change.after.is_empty() || change.before.is_empty() {
                true => prop_assert!(opens(change.before.is_empty())),
                false => prop_assert!(opens(true) || opens(false)),
            }
        }
    }

    #[test]
    fn most_changes_have_a_witness((old, new) in pair()) {
        // A node always reaches its own pods (S20), so its addresses alone show nothing.
        let nodes: AddressSet =
            [1, 2].into_iter().flat_map(node_addresses).map(Cidr::host).collect();
        let is_node = |party: &Party| party.addresses().is_some_and(|set| set.difference(&nodes).is_empty());
        // Of pods that share an address there is no packet from one to the other (S26).
        let shares = |cluster: &Cluster| {
            let mut seen = BTreeSet::new();
            cluster.pods.values().flat_map(|pod| &pod.addresses).any(|address| !seen.insert(*address))
        };
        if shares(&old) || shares(&new) {
            return Ok(());
        }
        for change in compared(&old, &new).changes {
            let is_vague = change.from == change.to || is_node(&change.from);
            prop_assert!(change.witness.is_some() || is_vague, "{change:?}");
        }
    }

    #[test]
    fn the_riskiest_come_first((old, new) in pair()) {
        let changes = compared(&old, &new).changes;
        prop_assert!(changes.is_sorted_by_key(|change| (change.risk, change.kind())));
        prop_assert!(changes.iter().all(|c| c.before != c.after));
        prop_assert!(changes.iter().all(|c| (c.kind() == Kind::Closed) <= c.opened().is_empty()));
    }
}
