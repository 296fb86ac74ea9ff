//! The policies of a namespace: its baseline, and those of its subjects.

use crate::{
    asked::Asked,
    draft::{Drafted, RuleAdvice, rules},
    existing::{blank, free_name, is_about, is_baseline, is_same, opens_all, rules_mut, types, without},
    roster::{Group, GroupId},
    whom::{Needs, Peers, Whom},
};
use sekisho_core::object::{Direction, LabelSelector, NetworkPolicy, ObjectKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What is called the baseline where no standard says.
const BASELINE: &str = "baseline";

/// A policy that is recommended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAdvice {
    /// The policy.
    pub policy: NetworkPolicy,
    /// Whom it is about: a group's name; `None` for all pods of the namespace.
    pub about: Option<ObjectKey>,
    /// What its rules of each direction that was looked at rest on. Rules of others are as they were.
    pub rules: BTreeMap<Direction, Vec<RuleAdvice>>,
    /// The policy whose place it takes.
    pub replaces: Option<NetworkPolicy>,
}

/// What is left to people, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// No labels select these pods alone, so no policy is about them.
    Subject(ObjectKey, Direction),
    /// No labels select this peer of a subject alone, so no rule lets it through.
    Peer {
        /// The subject.
        subject: ObjectKey,
        /// The direction.
        direction: Direction,
        /// The peer.
        peer: ObjectKey,
    },
    /// The baseline stays as it is in a direction, because no labels select these pods alone.
    Baseline(Arc<str>, Direction, BTreeSet<ObjectKey>),
    /// The policy is enforced and lets more pass than was seen; a narrower one cannot be tried beside it.
    Unstaged(ObjectKey, Direction),
    /// The policy stays, and lets everything pass in this direction.
    Open(ObjectKey, Direction),
}

/// What is planned for all namespaces.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The policies that are to change, by name, and those that are as they should be.
    pub(crate) policies: BTreeMap<ObjectKey, PolicyAdvice>,
    pub(crate) unchanged: BTreeSet<ObjectKey>,
    pub(crate) left: BTreeSet<Left>,
}

/// Who plans.
pub(crate) struct Planner<'a> {
    pub(crate) peers: &'a Peers<'a>,
    pub(crate) asked: &'a Asked,
    pub(crate) subjects: &'a BTreeSet<GroupId>,
    pub(crate) needs: &'a BTreeMap<(GroupId, Direction), Needs>,
}

impl Planner<'_> {
    /// The plan of all namespaces that have subjects.
    pub(crate) fn plan(&self) -> Plan {
        let groups = self.subjects.iter().filter_map(|id| self.peers.roster.group(*id));
        let namespaces: BTreeSet<&Arc<str>> = groups.map(|group| &group.namespace).collect();
        let mut plan = Plan::default();
        for namespace in namespaces {
            self.namespace(namespace, &mut plan);
        }
        self.settle(&mut plan);
        plan
    }

    fn baseline_name(&self) -> &str {
        self.peers.standard.baseline.as_ref().map_or(BASELINE, |baseline| &*baseline.name)
    }

    fn groups(&self, namespace: &str) -> impl Iterator<Item = (GroupId, &Group)> {
        let of = move |(_, group): &(GroupId, &Group)| *group.namespace == *namespace;
        let groups: Vec<(GroupId, &Group)> = self.peers.roster.groups().iter().enumerate().collect();
        groups.into_iter().filter(of)
    }

    fn namespace(&self, namespace: &Arc<str>, plan: &mut Plan) {
        let is_exempt = self.peers.standard.exempt.contains(namespace);
        let has_all = self.groups(namespace).all(|(id, _)| self.subjects.contains(&id));
        let cluster = self.peers.cluster;
        let key = ObjectKey::new(Arc::clone(namespace), self.baseline_name());
        let known = cluster.policies.get(&key).filter(|policy| is_baseline(policy, &key.name));
        let (mut closed, mut closed_already) = (BTreeSet::new(), BTreeSet::new());
        for direction in &self.asked.directions {
            let opens = known.is_some_and(|policy| !policy.rules(*direction).is_empty());
            if !opens && self.is_closed(namespace, *direction) {
                closed_already.insert(*direction);
                continue;
            }
            let is_wanted = opens || (has_all && !is_exempt);
            let in_the_way = self.in_the_way(namespace, *direction, opens);
            if !in_the_way.is_empty() && is_wanted {
                plan.left.insert(Left::Baseline(Arc::clone(namespace), *direction, in_the_way));
            } else if is_wanted {
                closed.insert(*direction);
            }
        }
        if !closed.is_empty() {
            self.close(namespace, known, &closed, plan);
        }
        closed.extend(closed_already);
        for (id, group) in self.groups(namespace) {
            for direction in &self.asked.directions {
                match self.needs.get(&(id, *direction)) {
                    Some(needs) => self.subject(group, (*direction, closed.contains(direction)), needs, plan),
                    None if closed.contains(direction) => self.bystander(group, *direction, known, plan),
                    None => {}
                }
            }
        }
    }

    /// Whether some policy lets nothing pass to any pod of the namespace, whatever it is called.
    fn is_closed(&self, namespace: &str, direction: Direction) -> bool {
        let of_namespace =
            self.peers.cluster.policies.values().filter(|policy| *policy.key.namespace == *namespace);
        let mut counted = of_namespace.filter(|policy| self.asked.staged || !policy.is_audited());
        counted.any(|policy| {
            policy.subjects.is_everything()
                && policy.isolates(direction)
                && policy.rules(direction).is_empty()
        })
    }

    /// The groups for which the namespace cannot be closed: they need something, and no policy can be about them.
    fn in_the_way(&self, namespace: &str, direction: Direction, opens: bool) -> BTreeSet<ObjectKey> {
        let is_in_the_way = |(id, group): &(GroupId, &Group)| {
            let needs = self.needs.get(&(*id, direction));
            group.selector.is_none() && needs.map_or(opens, |needs| !needs.is_empty())
        };
        self.groups(namespace).filter(is_in_the_way).map(|(_, group)| group.key()).collect()
    }

    /// The baseline, which lets nothing pass in `directions`, and isolates in the others as it did.
    fn close(
        &self,
        namespace: &Arc<str>,
        known: Option<&NetworkPolicy>,
        directions: &BTreeSet<Direction>,
        plan: &mut Plan,
    ) {
        let is_own = |policy: &NetworkPolicy| is_baseline(policy, self.baseline_name());
        let key = free_name(self.peers.cluster, namespace, self.baseline_name(), is_own);
        let blank = || blank(key.clone(), LabelSelector::everything());
        let mut policy = known.map_or_else(blank, |known| without(known, directions));
        policy.types.extend(directions);
        plan.put(PolicyAdvice {
            policy,
            about: None,
            rules: directions.iter().map(|direction| (*direction, Vec::new())).collect(),
            replaces: known.cloned(),
        });
    }

    /// The policy of a subject. Where the baseline isolates it, one without a rule is not needed.
    fn subject(
        &self,
        group: &Group,
        (direction, is_closed): (Direction, bool),
        needs: &Needs,
        plan: &mut Plan,
    ) {
        let Some(selector) = &group.selector else {
            if !needs.is_empty() || !is_closed {
                plan.left.insert(Left::Subject(group.key(), direction));
            }
            return;
        };
        let Drafted { rules, unselectable } = rules(self.peers, group, direction, needs);
        for whom in unselectable {
            if let Whom::Pods(id) = whom
                && let Some(peer) = self.peers.roster.group(id)
            {
                plan.left.insert(Left::Peer { subject: group.key(), direction, peer: peer.key() });
            }
        }
        let known = self.own(group, direction);
        if rules.is_empty() && is_closed && known.is_none() {
            return;
        }
        self.put(group, selector, (direction, known), rules, plan);
    }

    /// Who is no subject, and loses what the baseline let pass: a policy of its own lets it pass.
    fn bystander(&self, group: &Group, direction: Direction, known: Option<&NetworkPolicy>, plan: &mut Plan) {
        let Some(selector) = &group.selector else { return };
        let Some(rules) = known.map(|known| known.rules(direction)).filter(|rules| !rules.is_empty()) else {
            return;
        };
        let own = self.own(group, direction);
        let kept = own.map(|own| own.rules(direction)).unwrap_or_default();
        let all = kept.iter().chain(rules).cloned();
        let rules = all.map(|rule| RuleAdvice { rule, peers: Vec::new() }).collect();
        self.put(group, selector, (direction, own), rules, plan);
    }

    /// The policy of a group in `direction` that is there.
    fn own(&self, group: &Group, direction: Direction) -> Option<&NetworkPolicy> {
        let key = ObjectKey::new(Arc::clone(&group.namespace), name(group, direction));
        let known = self.peers.cluster.policies.get(&key)?;
        is_about(known, group, self.peers.roster).then_some(known)
    }

    fn put(
        &self,
        group: &Group,
        selector: &LabelSelector,
        (direction, known): (Direction, Option<&NetworkPolicy>),
        rules: Vec<RuleAdvice>,
        plan: &mut Plan,
    ) {
        let is_own = |policy: &NetworkPolicy| is_about(policy, group, self.peers.roster);
        let key = free_name(self.peers.cluster, &group.namespace, &name(group, direction), is_own);
        let mut policy = match known {
            Some(known) => without(known, &self.asked.directions),
            None => {
                let mut policy = blank(key.clone(), selector.clone());
                policy.labels = group.labels.clone();
                policy
            }
        };
        policy.types.insert(direction);
        *rules_mut(&mut policy, direction) = rules.iter().map(|advice| advice.rule.clone()).collect();
        plan.put(PolicyAdvice {
            policy,
            about: Some(group.key()),
            rules: [(direction, rules)].into(),
            replaces: known.cloned(),
        });
    }

    /// Policies that have nothing to do any more lose what they let pass; what is as it should be is told apart; and
    /// what stays and lets everything pass is told.
    fn settle(&self, plan: &mut Plan) {
        let cluster = self.peers.cluster;
        for id in self.subjects {
            let Some(group) = self.peers.roster.group(*id) else { continue };
            for other in Direction::ALL {
                // A policy of its own that also isolates in the direction which its other one is for.
                let Some(known) = self.own(group, other) else { continue };
                let taken: BTreeSet<Direction> =
                    types(known).intersection(&self.asked.directions).copied().collect();
                if taken.is_empty() || plan.policies.contains_key(&known.key) {
                    continue;
                }
                let mut policy = without(known, &taken);
                if policy.types.is_empty() {
                    policy.types = taken.clone();
                }
                plan.put(PolicyAdvice {
                    policy,
                    about: Some(group.key()),
                    rules: BTreeMap::new(),
                    replaces: Some(known.clone()),
                });
            }
        }
        let is_as_it_was = |advice: &PolicyAdvice| {
            advice.replaces.as_ref().is_some_and(|known| is_same(known, &advice.policy))
        };
        let (same, changed): (BTreeMap<_, _>, _) =
            std::mem::take(&mut plan.policies).into_iter().partition(|(_, advice)| is_as_it_was(advice));
        plan.unchanged.extend(same.into_keys());
        plan.policies = changed;
        for (id, direction) in self.needs.keys() {
            let Some(group) = self.peers.roster.group(*id) else { continue };
            let staying = crate::existing::isolating(cluster, group, *direction);
            for policy in staying.into_iter().filter(|policy| opens_all(policy, *direction)) {
                if !plan.policies.contains_key(&policy.key) {
                    plan.left.insert(Left::Open(policy.key.clone(), *direction));
                }
            }
        }
    }
}

/// What the policy of a group is called: as the catalog calls it.
fn name(group: &Group, direction: Direction) -> String {
    match direction {
        Direction::Ingress => group.name.to_string(),
        Direction::Egress => format!("{}-egress", group.name),
    }
}

impl Plan {
    /// Puts in a policy. One that is there already gets what the other has besides.
    fn put(&mut self, advice: PolicyAdvice) {
        use std::collections::btree_map::Entry;
        match self.policies.entry(advice.policy.key.clone()) {
            Entry::Vacant(entry) => drop(entry.insert(advice)),
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                for (direction, rules) in advice.rules {
                    known.policy.types.insert(direction);
                    *rules_mut(&mut known.policy, direction) =
                        rules.iter().map(|advice| advice.rule.clone()).collect();
                    known.rules.insert(direction, rules);
                }
            }
        }
    }
}
