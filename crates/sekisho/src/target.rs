//! From names and ports as people type them to packets, and to the answers they get.

mod end;
mod port;

use anyhow::bail;
use end::{Pods, Side};
use port::PortAsked;
use sekisho_core::{
    explain::{Explanation, explain, representatives},
    object::{Cluster, Direction, ObjectKey, Pod, PodUid},
    packet::{End, Packet, Traffic},
    verdict::{Decision, RulePath, TierRule},
};
use std::sync::Arc;

/// A question as it was typed.
pub(crate) struct Question<'a> {
    /// Who opens the connection.
    pub(crate) from: &'a str,
    /// Whom it is opened to.
    pub(crate) to: &'a str,
    /// On which port.
    pub(crate) port: &'a str,
    /// The namespace of names that do not say theirs.
    pub(crate) namespace: &'a str,
}

/// Packets that get the same answer for the same reasons, and the answer of the first.
pub(crate) struct Answer {
    /// The answer.
    pub(crate) explanation: Explanation,
    /// The names of the source's pods that the answer is about; none for an address.
    pub(crate) from_pods: Vec<Arc<str>>,
    /// The names of the destination's pods; none for an address.
    pub(crate) to_pods: Vec<Arc<str>>,
    /// The packets, with names for addresses that nobody knows.
    pub(crate) packets: Vec<String>,
}

/// Every distinct answer to a question.
pub(crate) struct Answers {
    /// The source, as a person calls it.
    pub(crate) from: String,
    /// The destination.
    pub(crate) to: String,
    /// What was asked for, as a person calls it.
    pub(crate) port: String,
    /// The answer that stands for the whole: one that is denied, where there is one.
    first: Answer,
    /// The others, where packets are answered differently: denied ones first.
    pub(crate) rest: Vec<Answer>,
}

impl Answers {
    /// The one answer about one packet, whose ends and port are called so.
    pub(crate) fn about(from: String, to: String, port: String, explanation: Explanation) -> Self {
        let packets = vec![explanation.packet.to_string()];
        let first = Answer { explanation, from_pods: Vec::new(), to_pods: Vec::new(), packets };
        Self { from, to, port, first, rest: Vec::new() }
    }

    /// Whether every packet passes.
    pub(crate) fn are_allowed(&self) -> bool {
        self.all().all(|answer| answer.explanation.verdict.decision.is_allow())
    }

    /// The answer that stands for the whole: one that is denied, where there is one.
    pub(crate) fn worst(&self) -> &Answer {
        &self.first
    }

    /// Every distinct answer, denied ones first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Answer> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

/// The pods that a name names: of a workload, or the one. An error where nothing is called so.
pub(crate) fn pods<'a>(cluster: &'a Cluster, text: &str, namespace: &str) -> anyhow::Result<Vec<&'a Pod>> {
    match end::find(cluster, text, namespace)?.pods {
        Pods::Of(pods) => Ok(pods),
        Pods::Address(address) => bail!("`{address}` is an address, not a name"),
    }
}

/// Answers a question about `cluster`: one answer for each way in which it is decided.
pub(crate) fn answers(cluster: &Cluster, question: &Question<'_>) -> anyhow::Result<Answers> {
    let port: PortAsked = question.port.parse()?;
    let from = end::find(cluster, question.from, question.namespace)?;
    let to = end::find(cluster, question.to, question.namespace)?;
    let twinned;
    let (cluster, to) = match twin(cluster, &from, &to) {
        Some((with_twin, uid)) => {
            twinned = with_twin;
            let pods = twinned.pods.get(&uid).map(AsRef::as_ref).into_iter().collect();
            (&twinned, Side { label: to.label, pods: Pods::Of(pods) })
        }
        None => (cluster, to),
    };
    let mut list = distinct(cluster, &from, &to, &port)?;
    list.sort_by_key(|answer| answer.explanation.verdict.decision == Decision::Allow);
    let mut list = list.into_iter();
    let Some(first) = list.next() else {
        bail!(
            "`{}` and `{}` have no address family in common, so no packet can go between them",
            question.from,
            question.to
        )
    };
    Ok(Answers { from: from.label, to: to.label, port: port.to_string(), first, rest: list.collect() })
}

/// Asks about every packet that may be answered differently, and gathers equal answers.
fn distinct(
    cluster: &Cluster,
    from: &Side<'_>,
    to: &Side<'_>,
    port: &PortAsked,
) -> anyhow::Result<Vec<Answer>> {
    let mut asked = Vec::new();
    for (from_group, to_group) in groups(cluster, from, to) {
        asked.extend(packets(&from_group, &to_group, port)?);
    }
    // Asked about a workload and itself, people mean two of its pods, where there are two.
    if asked.iter().any(|asked| asked.packet.from != asked.packet.to) {
        asked.retain(|asked| asked.packet.from != asked.packet.to);
    }
    let mut list: Vec<Answer> = Vec::new();
    for Asked { packet, shown, from_pods, to_pods } in asked {
        let explanation = explain(cluster, &packet);
        match list.iter_mut().find(|answer| is_same(&answer.explanation, &explanation)) {
            Some(answer) => {
                answer.from_pods.extend(from_pods);
                answer.to_pods.extend(to_pods);
                answer.packets.push(shown);
            }
            None => list.push(Answer { explanation, from_pods, to_pods, packets: vec![shown] }),
        }
    }
    for names in list.iter_mut().flat_map(|answer| [&mut answer.from_pods, &mut answer.to_pods]) {
        names.sort();
        names.dedup();
    }
    Ok(list)
}

/// A controller's one template pod stands for many: asked about a workload and itself, the question
/// is about two of them, not about a pod that talks to itself (S21).
fn twin(cluster: &Cluster, from: &Side<'_>, to: &Side<'_>) -> Option<(Cluster, PodUid)> {
    let (Pods::Of(from), Pods::Of(to)) = (&from.pods, &to.pods) else { return None };
    let ([one], [other]) = (from.as_slice(), to.as_slice()) else { return None };
    let stands_for_many = one.addresses.is_empty() && &*one.workload.kind != "Pod";
    if one.uid != other.uid || !stands_for_many {
        return None;
    }
    Some(with_another(cluster, one))
}

/// `cluster` with another pod like `pod`, and the other's UID.
pub(crate) fn with_another(cluster: &Cluster, pod: &Pod) -> (Cluster, PodUid) {
    let mut with_twin = cluster.clone();
    let mut twin = pod.clone();
    twin.uid = PodUid(format!("{} (another)", pod.uid).into());
    let uid = twin.uid.clone();
    with_twin.pods.insert(uid.clone(), Arc::new(twin));
    (with_twin, uid)
}

/// Pods that policies treat alike, or an address.
#[derive(Clone)]
enum Group<'a> {
    Pods(Vec<&'a Pod>),
    Address(std::net::IpAddr),
}

/// The pairs of groups that may be answered differently.
fn groups<'a>(cluster: &Cluster, from: &Side<'a>, to: &Side<'a>) -> Vec<(Group<'a>, Group<'a>)> {
    let split = |side: &Side<'a>, other: &Side<'a>| -> Vec<Group<'a>> {
        match &side.pods {
            Pods::Address(address) => vec![Group::Address(*address)],
            Pods::Of(pods) => {
                let groups = representatives(cluster, pods.iter().copied(), other.address());
                groups.into_iter().map(Group::Pods).collect()
            }
        }
    };
    let (sources, destinations) = (split(from, to), split(to, from));
    let mut pairs = Vec::with_capacity(sources.len() * destinations.len());
    for source in &sources {
        for destination in &destinations {
            pairs.push((source.clone(), destination.clone()));
        }
    }
    pairs
}

/// A packet to ask about.
struct Asked {
    packet: Packet,
    /// The packet as a person reads it.
    shown: String,
    /// The pods that its source stands for.
    from_pods: Vec<Arc<str>>,
    /// The pods that its destination stands for.
    to_pods: Vec<Arc<str>>,
}

/// The packets between one pod of each group, family by family. Two of one group are two pods where
/// there are two.
fn packets(from: &Group<'_>, to: &Group<'_>, port: &PortAsked) -> anyhow::Result<Vec<Asked>> {
    let from_pod = from.first(None);
    let to_pod = to.first(from_pod);
    let mut packets = Vec::new();
    for source in from.ends(from_pod) {
        for destination in to.ends(to_pod) {
            let families = [&source, &destination].map(|end| Some(end.address()?.is_ipv4()));
            if let [Some(a), Some(b)] = families
                && a != b
            {
                continue;
            }
            let is_ipv4 = families.into_iter().flatten().next().unwrap_or(true);
            for traffic in port.on(to_pod, is_ipv4)? {
                let name = |end: &End, pod: Option<&Pod>| match (end, pod) {
                    (End::Pod(_), Some(pod)) => pod.key.to_string(),
                    (end, _) => end.to_string(),
                };
                packets.push(Asked {
                    shown: format!("{} -> {} {traffic}", name(&source, from_pod), name(&destination, to_pod)),
                    packet: Packet { from: source.clone(), to: destination.clone(), traffic },
                    from_pods: from.names(),
                    to_pods: to.names(),
                });
            }
        }
    }
    Ok(packets)
}

impl<'a> Group<'a> {
    fn first(&self, unlike: Option<&Pod>) -> Option<&'a Pod> {
        let Self::Pods(pods) = self else { return None };
        let another = pods.iter().find(|pod| unlike.is_none_or(|unlike| unlike.uid != pod.uid));
        another.or(pods.first()).copied()
    }

    /// The names of the pods; none for an address.
    fn names(&self) -> Vec<Arc<str>> {
        let pods = match self {
            Self::Pods(pods) => pods.as_slice(),
            Self::Address(_) => &[],
        };
        pods.iter().map(|pod| Arc::clone(&pod.key.name)).collect()
    }

    fn ends(&self, pod: Option<&Pod>) -> Vec<End> {
        match (self, pod) {
            (Self::Address(address), _) => vec![End::Address(*address)],
            (Self::Pods(_), Some(pod)) if pod.addresses.is_empty() => vec![End::Pod(pod.uid.clone())],
            (Self::Pods(_), Some(pod)) => pod.addresses.iter().copied().map(End::Address).collect(),
            (Self::Pods(_), None) => Vec::new(),
        }
    }
}

/// Whether two packets are answered alike and for the same reasons. Addresses do not count: that
/// neither of two is in a block is one reason.
fn is_same(a: &Explanation, b: &Explanation) -> bool {
    let side = |direction| {
        let (a, b) = (a.side(direction), b.side(direction));
        a.verdict.because == b.verdict.because && policies(a).eq(policies(b)) && tiers(a).eq(tiers(b))
    };
    let same_traffic = match (a.packet.traffic, b.packet.traffic) {
        (a @ Traffic::Port(..), b) | (a, b @ Traffic::Port(..)) => a == b,
        _ => true, // Ping of either family.
    };
    same_traffic && Direction::ALL.into_iter().all(side)
}

/// The rules of cluster-wide policies that a side's packets meet.
fn tiers(side: &sekisho_core::explain::Side) -> impl Iterator<Item = Option<&TierRule>> {
    let answers = side.subjects.iter().flat_map(|subject| &subject.tiers);
    answers.map(|answer| answer.matched.as_ref().map(|matched| &matched.rule))
}

type Said<'a> = (&'a ObjectKey, bool, Vec<&'a RulePath>);

/// What each policy of a side says.
fn policies(side: &sekisho_core::explain::Side) -> impl Iterator<Item = Said<'_>> {
    let policies = side.subjects.iter().flat_map(|subject| &subject.policies);
    policies.map(|policy| {
        let matched = policy.matched.iter().map(|matched| &matched.path).collect();
        (&policy.policy, policy.selects, matched)
    })
}
