//! What there is to say about a way, for every form of output.

use sekisho_core::{
    explain::explain,
    exposure::{Exposure, Opening, OpeningRule},
    object::{Cluster, Direction, Origin},
    ways::{Answer, Arrival, Hop, Inner, Sender, WayIn},
};
use std::collections::BTreeSet;

/// A way, and what there is to say about each of its ends.
pub(crate) struct WaySaid {
    /// The way.
    pub(crate) way: WayIn,
    /// One for each end; one for a way that leads nowhere.
    pub(crate) ends: Vec<Said>,
}

/// What there is to say about an end of a way.
pub(crate) struct Said {
    /// A word for programs: `reachable`, `partly`, `unreachable`, `unknown`, `nowhere` or `elsewhere`.
    pub(crate) answer: &'static str,
    /// Whether somebody has to mend it.
    pub(crate) is_broken: bool,
    /// The workload and port; empty for a way that leads nowhere.
    pub(crate) to: String,
    /// The answer as a sentence.
    pub(crate) sentence: String,
    /// What came nearest to admitting it.
    pub(crate) miss: Option<Miss>,
    /// The place to look at: of the miss, or of what leads nowhere.
    pub(crate) origin: Option<Origin>,
}

/// A rule, or a policy, that came near.
pub(crate) struct Miss {
    /// What kept it.
    pub(crate) sentence: String,
    /// Where it was written.
    pub(crate) origin: Origin,
}

impl WaySaid {
    pub(super) fn new(cluster: &Cluster, way: WayIn) -> Self {
        let ends = match &way.inner {
            Inner::Nowhere(end, origin) => vec![Said {
                answer: if end.is_mistake() { "nowhere" } else { "elsewhere" },
                is_broken: end.is_mistake(),
                to: String::new(),
                sentence: end.to_string(),
                miss: None,
                origin: Some(origin.clone()).filter(Origin::is_known),
            }],
            Inner::Pods(arrivals) => {
                arrivals.iter().map(|arrival| Said::of(cluster, &way, arrival)).collect()
            }
        };
        Self { way, ends }
    }

    /// What comes first: what somebody has to mend, what is not known, what is closed to some, the rest.
    pub(super) fn rank(&self) -> u8 {
        let rank = |said: &Said| match said.answer {
            _ if said.is_broken => 0,
            "unknown" => 1,
            "partly" => 2,
            _ => 3,
        };
        self.ends.iter().map(rank).min().unwrap_or(3)
    }

    /// The way without its inner end.
    pub(crate) fn outer(&self) -> String {
        let hops: Vec<String> = self.way.hops.iter().map(Hop::to_string).collect();
        format!("{} → {}", self.way.clients, hops.join(" → "))
    }
}

impl Said {
    fn of(cluster: &Cluster, way: &WayIn, arrival: &Arrival) -> Self {
        let is_broken = way.is_refused(arrival);
        let miss = is_broken.then(|| miss(cluster, arrival)).flatten();
        Self {
            answer: match arrival.answer {
                Answer::Unreachable => "unreachable",
                Answer::Partly => "partly",
                Answer::Unknown => "unknown",
                Answer::Reachable => "reachable",
            },
            is_broken,
            to: arrival.to_string(),
            sentence: sentence(way, arrival, is_broken),
            origin: miss.as_ref().map(|miss| miss.origin.clone()).filter(Origin::is_known),
            miss,
        }
    }
}

fn sentence(way: &WayIn, arrival: &Arrival, is_broken: bool) -> String {
    let source = way.source.as_ref().map(ToString::to_string).unwrap_or_default();
    let (admitted, refused) = (senders(&arrival.admitted), senders(&arrival.refused));
    let first = way.hops.first().map(|hop| format!("the {} `{}`", hop.kind, hop.name)).unwrap_or_default();
    match arrival.answer {
        Answer::Unreachable => {
            format!("{first} leads to {arrival}, and no policy admits {source}")
        }
        Answer::Partly if is_broken => {
            format!("{first} leads to {arrival}, and of {source} policy admits {admitted}, but not {refused}")
        }
        Answer::Partly => format!("{source}: {admitted} admitted, {refused} not"),
        Answer::Unknown => {
            let missing = arrival.missing.as_ref().map(ToString::to_string).unwrap_or_default();
            let known = if admitted.is_empty() { String::new() } else { format!("{admitted} admitted; ") };
            format!("{source}: {known}{missing}")
        }
        Answer::Reachable if arrival.admitted.is_empty() => format!("{source}: nothing keeps it out"),
        Answer::Reachable => format!("{source}: admitted"),
    }
}

fn senders(senders: &[Sender]) -> String {
    const SHOWN: usize = 6;
    let names: Vec<String> = senders.iter().take(SHOWN).map(ToString::to_string).collect();
    match senders.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{}, and {more} more", names.join(", ")),
    }
}

/// The nearest miss on the side that refuses (S11).
fn miss(cluster: &Cluster, arrival: &Arrival) -> Option<Miss> {
    let explanation = explain(cluster, arrival.witness.as_ref()?);
    let refusing = Direction::ALL
        .into_iter()
        .map(|direction| explanation.side(direction))
        .find(|side| !side.verdict.decision.is_allow())?;
    let miss = refusing.deciding()?.nearest()?;
    Some(Miss { sentence: miss.to_string(), origin: miss.origin.clone() })
}

/// A word for what something is open to.
pub(crate) fn open_to_kind(opening: &Opening) -> &'static str {
    match opening {
        Opening::Unprotected => "unprotected",
        Opening::Internet(_) => "internet",
        Opening::Cluster => "cluster",
        Opening::Namespace(_) => "namespace",
        Opening::Future(_) => "future",
    }
}

/// Whom something is open to, and whom not.
pub(crate) fn whom(exposure: &Exposure) -> String {
    if exposure.but.is_empty() {
        return exposure.opening.to_string();
    }
    let policies: BTreeSet<String> = exposure.but.iter().map(|rule| rule.name.policy()).collect();
    let policies: Vec<String> = policies.into_iter().map(|policy| format!("`{policy}`")).collect();
    let refuses = if policies.len() == 1 { "refuses" } else { "refuse" };
    format!("{}, but those whom {} {refuses}", exposure.opening, policies.join(", "))
}

/// A rule and its place.
pub(crate) fn rule_named(rule: &OpeningRule) -> String {
    if rule.origin.is_known() { format!("{}  {}", rule.name, rule.origin) } else { rule.name.to_string() }
}
