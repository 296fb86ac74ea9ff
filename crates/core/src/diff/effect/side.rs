//! What one class of pods may do with everybody at once: its own policies as a row, and those of all others
//! that can match it as a column.
//!
//! A column is the walk of [`Walk`] turned round. What a policy decides about a subject and a peer does not
//! depend on other pairs, so the same steps can be taken for one subject and all peers, or for one peer and
//! all subjects.

use super::{book::Book, local::Local, readers::Readers};
use crate::{
    index::{
        CompiledRule, Index, Peers, PodSelectorKey, PolicyKey, PolicyRules, Ports, RoaringBitmap, SetKey,
    },
    object::{Direction, Tier},
    reach::{
        Family, Row, Standing, Walk,
        external::ExternalClass,
        number,
        ports::{EVERYTHING, PortTable, PortsId},
    },
    set::{AddressSet, PortSet},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Where the numbers of local classes begin, above those of pods.
pub(super) const LOCAL: u32 = 1 << 30;
/// Where those of classes outside begin.
pub(super) const OUTSIDE: u32 = 1 << 31;

/// One of a pair by family.
pub(super) fn of<T>([v4, v6]: &[T; 2], family: Family) -> &T {
    if family == Family::V4 { v4 } else { v6 }
}

/// Computes what local classes may do, in the present state.
///
/// There are two rows of everything: pods by their IPv4 address, with pods without any, local classes and
/// addresses outside; and pods by their IPv6 address.
pub(super) struct Sides<'a> {
    pub(super) index: &'a Index,
    pub(super) book: &'a mut Book,
    pub(super) readers: &'a Readers,
    pub(super) table: &'a mut PortTable,
    locals: &'a [Local],
    outside: &'a [ExternalClass],
    /// Pods that are in no local class.
    others: [RoaringBitmap; 2],
    everyone: [RoaringBitmap; 2],
    /// What policies that match everybody allow all peers, by direction: the subjects on each set of ports.
    open: HashMap<Direction, BTreeMap<PortsId, RoaringBitmap>>,
    selected: HashMap<(Arc<PodSelectorKey>, Family), RoaringBitmap>,
    within: BTreeMap<(AddressSet, Family), RoaringBitmap>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(
        (index, book, readers): (&'a Index, &'a mut Book, &'a Readers),
        table: &'a mut PortTable,
        locals: &'a [Local],
        outside: &'a [ExternalClass],
        others: [RoaringBitmap; 2],
    ) -> Self {
        let [mut v4, v6] = others.clone();
        v4.insert_range(LOCAL..LOCAL + number(locals.len()));
        v4.insert_range(OUTSIDE..OUTSIDE + number(outside.len()));
        Self {
            index,
            book,
            readers,
            table,
            locals,
            outside,
            others,
            everyone: [v4, v6],
            open: HashMap::new(),
            selected: HashMap::new(),
            within: BTreeMap::new(),
        }
    }

    /// Who may reach a local class, or whom it may, on which ports, both sides together (S11).
    pub(super) fn answer(&mut self, local: &Local, direction: Direction, family: Family) -> Row {
        let meeting = self.meeting(local, family);
        if meeting.is_empty() {
            return Row::default();
        }
        let own = self.row(local, direction, family).unwrap_or_else(|| {
            let mut everything = Row::default();
            everything.put(meeting.clone(), EVERYTHING);
            everything
        });
        let (closed, column) = self.column(local, direction.other(), family);
        let mut met = Row::default();
        for (members, allowed) in own.cells() {
            let members = members & &meeting;
            let shut = &members & &closed;
            met.put(members - &shut, *allowed);
            for (subjects, theirs) in column.cells().iter().filter(|_| !shut.is_empty()) {
                met.put(&shut & subjects, self.table.intersection(*allowed, *theirs));
            }
        }
        met
    }

    /// Whom packets can go to from a local class, whatever policies say.
    fn meeting(&self, local: &Local, family: Family) -> RoaringBitmap {
        let others = of(&self.others, family);
        let mut meeting = match local.standing {
            Standing::Pod(own, _) if own == family => others.clone(),
            Standing::Pod(..) => others & &self.book.unknown,
            Standing::Unknown | Standing::Outside(_) => others.clone(),
        };
        if family == Family::V4 {
            let locals =
                self.locals.iter().enumerate().filter(|(_, other)| local.standing.meets(other.standing));
            meeting.extend(locals.map(|(at, _)| LOCAL + number(at)));
            let is_met = |class: &ExternalClass| {
                let family = if class.is_v4 { Family::V4 } else { Family::V6 };
                local.standing.meets(Standing::Outside(family))
            };
            let outside = self.outside.iter().enumerate().filter(|(_, class)| is_met(class));
            meeting.extend(outside.map(|(at, _)| OUTSIDE + number(at)));
        }
        meeting
    }

    /// What the policies that select a class allow, tier by tier (S38); `None` where none has a say.
    fn row(&mut self, local: &Local, direction: Direction, family: Family) -> Option<Row> {
        let index = self.index;
        let policies: BTreeSet<PolicyKey> = index.policies_selecting(local.pod);
        let of_tier = |tier| {
            let keys = policies.iter().filter(move |key| key.tier() == tier);
            keys.filter_map(|key| index.policy(key)?.rules(direction)).collect::<Vec<_>>()
        };
        let (admin, namespaced) = (of_tier(Some(Tier::Admin)), of_tier(None));
        let baseline = of_tier(Some(Tier::Baseline));
        let isolated = !namespaced.is_empty(); // S2
        if admin.is_empty() && (isolated || baseline.is_empty()) {
            return isolated.then(|| self.union(local, &namespaced, direction, family));
        }
        let mut walk = Walk::of(of(&self.everyone, family).clone());
        self.walk(&mut walk, local, &admin, direction, family);
        if isolated {
            let union = self.union(local, &namespaced, direction, family);
            return Some(walk.among(&union, self.table));
        }
        self.walk(&mut walk, local, &baseline, direction, family); // S40
        Some(walk.rest(self.table))
    }

    /// What the rules of NetworkPolicies allow together (S10).
    fn union(
        &mut self,
        local: &Local,
        rules: &[&[CompiledRule]],
        direction: Direction,
        family: Family,
    ) -> Row {
        let mut row = Row::default();
        for rule in rules.iter().copied().flatten() {
            for (who, ports) in self.matched(rule, local, direction, family) {
                row.add(&who, ports, self.table);
            }
        }
        row
    }

    /// Takes the rules of a tier in order (S38, S39).
    fn walk(
        &mut self,
        walk: &mut Walk,
        local: &Local,
        rules: &[&[CompiledRule]],
        direction: Direction,
        family: Family,
    ) {
        for rule in rules.iter().copied().flatten() {
            let mut matched = Row::default();
            for (who, ports) in self.matched(rule, local, direction, family) {
                matched.add(&who, ports, self.table);
            }
            walk.meet(&matched, rule.action, self.table);
        }
        walk.leave_tier(self.table);
    }

    /// Whom a rule matches on which ports, where the subject is of a class.
    fn matched(
        &mut self,
        rule: &CompiledRule,
        local: &Local,
        direction: Direction,
        family: Family,
    ) -> Vec<(RoaringBitmap, PortsId)> {
        let who = self.peers(&rule.peers, family);
        let (numbers, named) = match &rule.ports {
            Ports::All => return vec![(who, EVERYTHING)],
            Ports::Some { numbers, named } => (numbers, named),
        };
        if direction == Direction::Ingress {
            // S14: in ingress a name is the subject's own.
            let ports =
                named.iter().fold(numbers.clone(), |ports, set| ports.union(&self.of_name(local, set)));
            return vec![(who, self.table.id(ports))];
        }
        // S14: in egress it is that of each destination, where the set's selector selects it.
        let mut matched: Vec<(RoaringBitmap, PortsId)> = Vec::new();
        for set in named {
            let meant = self.selected(set.selector(), family) & &who;
            for (pods, ports) in self.defining(set) {
                matched.push((self.lift(&pods, family) & &meant, ports));
            }
        }
        matched.push((who, self.table.id(numbers.clone())));
        matched
    }

    /// The pods that define a named port, by the ports that it stands for (S14).
    fn defining(&mut self, set: &SetKey) -> Vec<(RoaringBitmap, PortsId)> {
        let SetKey::NamedPort { protocol, name, .. } = set else { return Vec::new() };
        let table = &mut *self.table;
        let numbers = self.book.named(*protocol, name).into_iter().flatten();
        numbers.map(|(number, pods)| (pods.clone(), table.id(PortSet::port(*protocol, *number)))).collect()
    }

    /// The ports that a named port stands for in a local class (S14).
    fn of_name(&self, local: &Local, set: &SetKey) -> PortSet {
        let SetKey::NamedPort { protocol, name, .. } = set else { return PortSet::empty() };
        let pod = self.index.pod(local.pod).filter(|_| local.selectors.contains(set.selector()));
        pod.into_iter()
            .flat_map(|pod| pod.named_ports(*protocol, name))
            .fold(PortSet::empty(), |ports, number| ports.union(&PortSet::port(*protocol, number)))
    }

    /// Everybody about whom policies have a say, and what these allow of a class, which is their peer.
    fn column(&mut self, local: &Local, direction: Direction, family: Family) -> (RoaringBitmap, Row) {
        let readers = self.readers;
        let mut raw = self.open(direction, local);
        for policy in readers.of(direction, &local.selectors, local.address) {
            let rules = policy.rules(direction).unwrap_or_default();
            for rule in rules.iter().filter(|rule| !is_open(rule, direction)) {
                for (subjects, ports) in self.reading(policy, rule, local, direction) {
                    *raw.entry(ports).or_default() |= subjects;
                }
            }
        }
        let mut union = Row::default();
        for (ports, subjects) in raw {
            union.add(&self.lift(&subjects, family), ports, self.table);
        }
        let isolated = self.lift(self.book.isolated(direction), family);
        let has_tiers = |tier| readers.of_tier(tier, direction).next().is_some();
        if !has_tiers(Tier::Admin) && !has_tiers(Tier::Baseline) {
            return (isolated, union);
        }
        let baseline = self.subjects(Tier::Baseline, direction, family) - &isolated; // S40
        let closed = self.subjects(Tier::Admin, direction, family) | &isolated | baseline;
        let mut walk = Walk::of(closed.clone());
        let nobody = RoaringBitmap::new();
        self.turned_walk(&mut walk, (Tier::Admin, &nobody), local, direction, family);
        self.turned_walk(&mut walk, (Tier::Baseline, &isolated), local, direction, family);
        union.add(&(&closed - isolated), EVERYTHING, self.table);
        (closed, walk.among(&union, self.table))
    }

    /// What rules that match all peers alike allow them, whoever `local` is.
    fn open(&mut self, direction: Direction, local: &Local) -> BTreeMap<PortsId, RoaringBitmap> {
        if let Some(open) = self.open.get(&direction) {
            return open.clone();
        }
        let mut open: BTreeMap<PortsId, RoaringBitmap> = BTreeMap::new();
        for policy in self.readers.open(direction) {
            let rules = policy.rules(direction).unwrap_or_default();
            for rule in rules.iter().filter(|rule| is_open(rule, direction)) {
                for (subjects, ports) in self.reading(policy, rule, local, direction) {
                    *open.entry(ports).or_default() |= subjects;
                }
            }
        }
        self.open.insert(direction, open.clone());
        open
    }

    /// The subjects of a tier's policies.
    fn subjects(&self, tier: Tier, direction: Direction, family: Family) -> RoaringBitmap {
        let policies = self.readers.of_tier(tier, direction);
        let subjects = policies.filter_map(|(policy, _)| self.index.selected_pods(&policy.subjects));
        self.lift(&subjects.fold(RoaringBitmap::new(), |all, pods| all | pods), family)
    }

    /// Takes the rules of a tier in order, for all subjects but those that it does not decide about.
    fn turned_walk(
        &mut self,
        walk: &mut Walk,
        (tier, not): (Tier, &RoaringBitmap),
        local: &Local,
        direction: Direction,
        family: Family,
    ) {
        let readers = self.readers;
        for (policy, rules) in readers.of_tier(tier, direction) {
            for rule in rules {
                let mut matched = Row::default();
                for (subjects, ports) in self.reading(policy, rule, local, direction) {
                    let subjects = self.lift(&subjects, family) - not;
                    matched.add(&subjects, ports, self.table);
                }
                walk.meet(&matched, rule.action, self.table);
            }
        }
        walk.leave_tier(self.table);
    }

    /// On which ports a rule of a policy matches a class as its peer, with the subjects for which it does.
    fn reading(
        &mut self,
        policy: &PolicyRules,
        rule: &CompiledRule,
        local: &Local,
        direction: Direction,
    ) -> Vec<(RoaringBitmap, PortsId)> {
        let index = self.index;
        let Some(subjects) = index.selected_pods(&policy.subjects) else { return Vec::new() };
        if !is_peer(&rule.peers, local) {
            return Vec::new();
        }
        let (numbers, named) = match &rule.ports {
            Ports::All => return vec![(subjects.clone(), EVERYTHING)],
            Ports::Some { numbers, named } => (numbers, named),
        };
        if direction == Direction::Egress {
            let ports =
                named.iter().fold(numbers.clone(), |ports, set| ports.union(&self.of_name(local, set)));
            return vec![(subjects.clone(), self.table.id(ports))];
        }
        let mut read = vec![(subjects.clone(), self.table.id(numbers.clone()))];
        for set in named {
            let Some(selected) = index.selected_pods(set.selector()) else { continue };
            let meant = subjects & selected;
            read.extend(self.defining(set).into_iter().map(|(pods, ports)| (pods & &meant, ports)));
        }
        read
    }

    fn peers(&mut self, peers: &Peers, family: Family) -> RoaringBitmap {
        let Peers::Some { pods, addresses, whole_family } = peers else {
            return of(&self.everyone, family).clone();
        };
        let mut who = RoaringBitmap::new();
        for selector in pods {
            who |= self.selected(selector, family);
        }
        if !addresses.is_empty() {
            who |= self.within(addresses, family);
        }
        if *whole_family {
            who |= self.lift(&self.book.unknown, family);
        }
        who
    }

    fn selected(&mut self, selector: &Arc<PodSelectorKey>, family: Family) -> &RoaringBitmap {
        let key = (Arc::clone(selector), family);
        if !self.selected.contains_key(&key) {
            let pods = self.index.selected_pods(selector);
            let lifted = pods.map(|pods| self.lift(pods, family)).unwrap_or_default();
            self.selected.insert(key.clone(), lifted);
        }
        self.selected.entry(key).or_default()
    }

    /// Everybody within a set of addresses (S17).
    fn within(&mut self, set: &AddressSet, family: Family) -> &RoaringBitmap {
        let key = (set.clone(), family);
        if !self.within.contains_key(&key) {
            let mut within = of(self.book.within(set), family) & of(&self.others, family);
            if family == Family::V4 {
                let is_in = |local: &Local| local.address.is_some_and(|address| set.contains(address));
                let locals = self.locals.iter().enumerate().filter(|(_, local)| is_in(local));
                within.extend(locals.map(|(at, _)| LOCAL + number(at)));
                let outside =
                    self.outside.iter().enumerate().filter(|(_, class)| holds(set, &class.addresses));
                within.extend(outside.map(|(at, _)| OUTSIDE + number(at)));
            }
            self.within.insert(key.clone(), within);
        }
        self.within.entry(key).or_default()
    }

    /// Pods as those whom a row speaks of.
    fn lift(&self, pods: &RoaringBitmap, family: Family) -> RoaringBitmap {
        let mut lifted = pods & of(&self.others, family);
        if family == Family::V4 {
            let locals = self.locals.iter().enumerate().filter(|(_, local)| pods.contains(local.pod));
            lifted.extend(locals.map(|(at, _)| LOCAL + number(at)));
        }
        lifted
    }
}

/// Whether a rule matches all peers alike: in egress a named port is that of each (S14).
fn is_open(rule: &CompiledRule, direction: Direction) -> bool {
    let names_peers = match &rule.ports {
        Ports::All => false,
        Ports::Some { named, .. } => direction == Direction::Egress && !named.is_empty(),
    };
    matches!(rule.peers, Peers::All) && !names_peers
}

/// Whether a rule's peers hold a class.
fn is_peer(peers: &Peers, local: &Local) -> bool {
    let Peers::Some { pods, addresses, whole_family } = peers else { return true };
    local.address.map_or(*whole_family, |address| addresses.contains(address))
        || pods.iter().any(|selector| local.selectors.contains(selector))
}

/// Whether a set holds a class outside: all of it or nothing, for the set is among those that split it.
fn holds(set: &AddressSet, class: &AddressSet) -> bool {
    let v4 = class.v4.ranges().next().map(|range| set.v4.contains(*range.start()));
    let v6 = class.v6.ranges().next().map(|range| set.v6.contains(*range.start()));
    v4.or(v6).unwrap_or(false)
}
