//! From what the kernel tells to what was observed.

use super::local::Local;
use jiff::Timestamp;
use sekisho_core::object::{Direction, ObjectKey};
use sekisho_flow::{
    observation::{Observation, Party},
    record::{Carried, Leave, Observer, Outcome, PolicyRef, Why},
};
use sekisho_nft::{
    conntrack::{Opened, Tuple},
    log::{Denial, Logged, Tag},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// Who observes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observed<'a> {
    pub(super) node: &'a Arc<str>,
    pub(super) local: &'a Local,
    pub(super) now: Timestamp,
}

impl Observed<'_> {
    /// A packet that was denied, or would have been; `None` where it is none of a connection that somebody opens.
    pub(super) fn denied(self, Logged { at, tag, tuple }: &Logged) -> Option<Observation> {
        let (outcome, side, leave) = match tag {
            Tag::Denied(denial) => {
                let outcome = if denial.audited { Outcome::Audited } else { Outcome::Denied };
                let why = Why::DeniedBy(policies(denial));
                (outcome, Some(denial.direction), Leave::of_side(denial.direction, why))
            }
            // Before anybody knows whose it is, neither side's policies are asked (S23).
            Tag::Stranger => (Outcome::Denied, None, Leave::default()),
            Tag::ToMany | Tag::Other(_) => return None,
        };
        let at = at.and_then(|at| Timestamp::try_from(at).ok()).unwrap_or(self.now);
        let carried = carried(tuple, tuple.destination_port);
        Some(self.observation(at, [tuple.source, tuple.destination], carried, (outcome, leave, side)))
    }

    /// Connections that were opened, those that are alike together. Each is seen once for each side that is on this node,
    /// for each side's policies let it pass.
    pub(super) fn opened(self, opened: &[Opened]) -> Vec<Observation> {
        let mut times: BTreeMap<([IpAddr; 2], Carried, Direction), u64> = BTreeMap::new();
        for Opened { original, reply } in opened {
            // S37: whom it was translated to, and who sent it before anybody masked them.
            let ends @ [from, to] = [original.source, reply.source];
            let carried = carried(original, reply.source_port);
            for (side, end) in [(Direction::Egress, from), (Direction::Ingress, to)] {
                if self.local.has(end) {
                    *times.entry((ends, carried, side)).or_default() += 1;
                }
            }
        }
        let observation = |((ends, carried, side), count)| {
            let what = (Outcome::Allowed, Leave::default(), Some(side));
            Observation { count, ..self.observation(self.now, ends, carried, what) }
        };
        times.into_iter().map(observation).collect()
    }

    fn observation(
        self,
        at: Timestamp,
        [from, to]: [IpAddr; 2],
        carried: Carried,
        (outcome, leave, side): (Outcome, Leave, Option<Direction>),
    ) -> Observation {
        Observation {
            at,
            count: 1,
            from: Party::at(from),
            to: Party::at(to),
            carried,
            outcome,
            leave,
            observer: Observer::Agent,
            side,
            node: Some(Arc::clone(self.node)),
        }
    }
}

/// What is carried; `port` is the destination's, where the protocol has ports.
fn carried(tuple: &Tuple, port: u16) -> Carried {
    /// The IP numbers of ICMP and ICMPv6 (IANA).
    const ICMP: u8 = 1;
    const ICMPV6: u8 = 58;
    match tuple.protocol {
        ICMP => Carried::Icmp(tuple.icmp_type, None),
        ICMPV6 => Carried::Icmpv6(tuple.icmp_type, None),
        other => Carried::of_protocol(other, port),
    }
}

/// The policies that a log entry names: as far as they are whole.
fn policies(denial: &Denial) -> BTreeSet<PolicyRef> {
    let whole = denial.policies.len() - usize::from(!denial.is_whole && !denial.policies.is_empty());
    denial.policies.iter().take(whole).filter_map(|name| policy(name)).collect()
}

/// `namespace/name`, or `kind/name` of a cluster-wide policy: kinds have capitals, and namespaces none.
fn policy(text: &str) -> Option<PolicyRef> {
    let (first, name) = text.split_once('/')?;
    match first.starts_with(|first: char| first.is_ascii_uppercase()) {
        true => Some(PolicyRef { namespace: None, name: name.into(), kind: first.into() }),
        false => Some(PolicyRef::network_policy(ObjectKey::new(first, name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::object::{Change, Pod, PodUid};

    fn tuple(source: &str, destination: &str, ports: (u16, u16)) -> Tuple {
        Tuple {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            protocol: 6,
            source_port: ports.0,
            destination_port: ports.1,
            icmp_type: 0,
        }
    }

    fn local(addresses: &[&str]) -> Local {
        let mut local = Local::default();
        let mut pod = Pod::new(ObjectKey::new("shop", "api"));
        (pod.uid, pod.node) = (PodUid("api".into()), Some("here".into()));
        pod.addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        local.apply("here", &Change::PutPod(pod.into()));
        local
    }

    fn observe<T>(local: &Local, work: impl FnOnce(Observed<'_>) -> T) -> T {
        work(Observed { node: &"here".into(), local, now: Timestamp::UNIX_EPOCH })
    }

    #[test]
    fn a_connection_is_seen_at_each_side_that_is_here() {
        // Web calls a Service, which leads to api; its node masks it.
        let opened = Opened {
            original: tuple("10.0.0.1", "10.96.0.1", (4000, 80)),
            reply: tuple("10.0.1.2", "172.18.0.1", (8080, 5000)),
        };
        let sides = |addresses: &[&str]| {
            let seen = observe(&local(addresses), |observed| observed.opened(&[opened, opened]));
            seen.into_iter()
                .map(|seen| {
                    let [from, to] = [seen.from, seen.to].map(|party| party.address.unwrap().to_string());
                    (seen.side.unwrap().to_string(), from, to, seen.carried.to_string(), seen.count)
                })
                .collect::<Vec<_>>()
        };
        let seen = |side: &str| (side.to_owned(), "10.0.0.1".into(), "10.0.1.2".into(), "TCP/8080".into(), 2);
        assert_eq!(sides(&["10.0.0.1"]), [seen("egress")]);
        assert_eq!(sides(&["10.0.1.2"]), [seen("ingress")]);
        assert_eq!(sides(&["10.0.0.1", "10.0.1.2"]), [seen("ingress"), seen("egress")]);
        assert_eq!(sides(&["10.0.9.9"]), [], "it is none of this node's pods");
    }

    #[test]
    fn who_denied_is_named_as_far_as_it_was_told() {
        let denied = |prefix: &str| {
            let logged =
                Logged { at: None, tag: Tag::read(prefix), tuple: tuple("10.0.0.1", "10.0.1.2", (4000, 80)) };
            let seen = observe(&local(&[]), |observed| observed.denied(&logged))?;
            let policies = match seen.leave.denied_at().map(|side| seen.leave.side(side)) {
                Some(why) => why.policies().iter().map(ToString::to_string).collect(),
                None => Vec::new(),
            };
            Some((seen.outcome, seen.side, policies))
        };
        let (denied_, audited) = (Outcome::Denied, Outcome::Audited);
        let (ingress, egress) = (Some(Direction::Ingress), Some(Direction::Egress));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            denied("sekisho deny ingress shop/api,shop/base "),
            Some((denied_, ingress, names(&["shop/api", "shop/base"])))
        );
        assert_eq!(
            denied("sekisho audit egress AdminNetworkPolicy/wall "),
            Some((audited, egress, names(&["AdminNetworkPolicy wall"])))
        );
        assert_eq!(
            denied("sekisho deny ingress shop/api,shop/ba..#00112233445566778899 "),
            Some((denied_, ingress, names(&["shop/api"])))
        );
        assert_eq!(denied("sekisho deny unknown "), Some((denied_, None, names(&[]))));
        assert_eq!(denied("sekisho deny to-many "), None);
    }
}
