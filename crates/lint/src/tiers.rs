//! What cluster-wide policies come to for whoever asks whether a pod is protected.

use crate::ranges::is_internet;
use sekisho_core::{
    index::{CompiledRule, Index, NamespaceScope, Peers, PodSelectorKey, PolicyRules, Ports, RoaringBitmap},
    object::{Direction, RuleAction, Tier},
};

/// What the first rule for everybody, on every port, does; `None` where there is none. Rules before it are for some.
pub(crate) fn for_everybody(rules: &[CompiledRule], direction: Direction) -> Option<RuleAction> {
    let is_one = |rule: &&CompiledRule| rule.ports == Ports::All && is_everybody(&rule.peers, direction);
    rules.iter().find(is_one).map(|rule| rule.action)
}

/// Whether peers are everybody whom such a policy can name: ingress rules have no addresses.
fn is_everybody(peers: &Peers, direction: Direction) -> bool {
    let Peers::Some { pods, addresses, whole_family } = peers else { return true };
    let is_all = |pods: &PodSelectorKey| {
        let is_every = match pods.namespaces() {
            NamespaceScope::One(_) => false,
            NamespaceScope::Matching(namespaces) => namespaces.is_everything(),
        };
        is_every && pods.pods().is_everything()
    };
    let has_pods = pods.iter().any(|pods| is_all(pods));
    match direction {
        Direction::Ingress => has_pods,
        Direction::Egress => *whole_family || (has_pods && is_internet(addresses)),
    }
}

/// The pods of which cluster-wide policies refuse everybody in `direction` who is not let through before.
pub(crate) fn closed(index: &Index, direction: Direction) -> RoaringBitmap {
    let mut closed = RoaringBitmap::new();
    // Accept is final, Pass leaves the tier (S39).
    let (mut accepted, mut passed) = (RoaringBitmap::new(), RoaringBitmap::new());
    for tier in [Tier::Admin, Tier::Baseline] {
        passed.clear();
        for policy in index.policies_of(tier) {
            let Some(action) = policy.rules(direction).and_then(|rules| for_everybody(rules, direction))
            else {
                continue;
            };
            let Some(pods) = index.selected_pods(&policy.subjects) else { continue };
            let pods = pods - &accepted - &passed;
            match action {
                RuleAction::Accept => accepted |= pods,
                RuleAction::Deny => closed |= pods,
                RuleAction::Pass => passed |= pods,
            }
        }
    }
    closed
}

/// The pods of which cluster-wide policies refuse somebody in `direction`.
pub(crate) fn narrowed(index: &Index, direction: Direction) -> RoaringBitmap {
    let refuses = |rules: &[CompiledRule]| rules.iter().any(|rule| rule.action == RuleAction::Deny);
    pods_of(index, |policy| policy.rules(direction).is_some_and(refuses))
}

/// The pods of which cluster-wide policies have something to say, in either direction.
pub(crate) fn subjects(index: &Index) -> RoaringBitmap {
    pods_of(index, |_| true)
}

/// The subjects of those cluster-wide policies that are meant.
pub(crate) fn pods_of(index: &Index, is_meant: impl Fn(&PolicyRules) -> bool) -> RoaringBitmap {
    let tiers = [Tier::Admin, Tier::Baseline].into_iter().flat_map(|tier| index.policies_of(tier));
    let meant = tiers.filter(|policy| is_meant(policy));
    let pods = meant.filter_map(|policy| index.selected_pods(&policy.subjects));
    pods.fold(RoaringBitmap::new(), |all, pods| all | pods)
}
