//! From the rows of the answer to cards and links.

use super::{
    Card, CardKind, End, Graph, Line, Link, Nature, Roll,
    outside::{Named, Outside, words},
};
use sekisho_core::reach::{Connection, Party, Term, WorkloadPods};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

impl Graph {
    /// The picture of `connections` among those on the roll.
    pub(crate) fn of(connections: &[Connection], roll: &Roll) -> Self {
        Builder::new(connections, roll).graph(connections)
    }
}

struct Builder<'a> {
    roll: &'a Roll,
    sources: Outside,
    destinations: Outside,
    /// Terms that stand for pods of many namespaces.
    sets: BTreeSet<&'a Term>,
    /// The lines of each namespace.
    namespaces: BTreeMap<Arc<str>, BTreeSet<WorkloadPods>>,
    cards: Vec<Card>,
}

impl<'a> Builder<'a> {
    fn new(connections: &'a [Connection], roll: &'a Roll) -> Self {
        let mut builder = Self {
            roll,
            sources: Outside::of(connections.iter().map(|connection| &*connection.from)),
            destinations: Outside::of(connections.iter().map(|connection| &*connection.to)),
            sets: BTreeSet::new(),
            namespaces: BTreeMap::new(),
            cards: Vec::new(),
        };
        let parties = connections.iter().flat_map(|connection| [&connection.from, &connection.to]);
        let terms: BTreeSet<&Term> = parties.flat_map(|party| &party.terms).collect();
        for term in terms {
            builder.note(term);
        }
        if roll.is_shown {
            builder.note_everybody();
        }
        builder
    }

    fn note(&mut self, term: &'a Term) {
        match term {
            Term::Cluster { .. } => drop(self.sets.insert(term)),
            Term::Workload(pods) => self.line(pods.clone()),
            Term::Namespace { name, .. } => self.namespace(name),
            Term::Addresses(_) => {}
        }
    }

    fn line(&mut self, pods: WorkloadPods) {
        let namespace = Arc::clone(&pods.workload.key.namespace);
        self.namespaces.entry(namespace).or_default().insert(pods);
    }

    /// All of a namespace; in full, for the term says it of each.
    fn namespace(&mut self, name: &Arc<str>) {
        self.namespaces.entry(Arc::clone(name)).or_default();
        if !self.roll.is_by_namespace {
            self.whole(name).into_iter().for_each(|pods| self.line(pods));
        }
    }

    /// The workloads of a namespace, each with all of its pods.
    fn whole(&self, name: &str) -> Vec<WorkloadPods> {
        let workloads: Vec<_> = self.roll.namespaces.get(name).into_iter().flatten().collect();
        let pods = |workload: &&sekisho_core::object::Workload| WorkloadPods {
            is_ambiguous: workloads.iter().filter(|other| other.key == workload.key).count() > 1,
            workload: Arc::new((*workload).clone()),
            pods: Vec::new(),
            addresses: Vec::new(),
        };
        workloads.iter().map(pods).collect()
    }

    fn note_everybody(&mut self) {
        for name in self.roll.namespaces.keys() {
            let known = self.namespaces.entry(Arc::clone(name)).or_default();
            if self.roll.is_by_namespace {
                continue;
            }
            // Where pods of a workload are told apart, they stand for it.
            let parts: BTreeSet<_> = known.iter().map(|pods| Arc::clone(&pods.workload)).collect();
            let rest = self.whole(name).into_iter().filter(|pods| !parts.contains(&pods.workload));
            rest.for_each(|pods| self.line(pods));
        }
    }

    fn graph(mut self, connections: &[Connection]) -> Graph {
        let sources = outside_card(CardKind::Sources, &self.sources);
        self.push(sources);
        self.push_sets();
        for (name, lines) in &self.namespaces {
            let lines = lines.iter().map(|pods| Line {
                name: within(pods),
                full: pods.to_string(),
                members: Vec::new(),
            });
            let title = name.to_string();
            self.cards.push(Card { kind: CardKind::Namespace, title, lines: lines.collect() });
        }
        let destinations = outside_card(CardKind::Destinations, &self.destinations);
        self.push(destinations);
        self.fill_sets();
        self.fill_unions();
        let links = connections.iter().map(|connection| self.link(connection)).collect();
        Graph {
            cards: self.cards,
            links,
            is_by_namespace: self.roll.is_by_namespace,
            is_whole: self.roll.is_shown,
        }
    }

    fn push(&mut self, card: Option<Card>) {
        self.cards.extend(card);
    }

    fn push_sets(&mut self) {
        if self.sets.is_empty() {
            return;
        }
        let lines = self.sets.iter().filter_map(|term| match term {
            Term::Cluster { except } if !except.is_empty() => {
                let except: Vec<String> = except.iter().map(short).collect();
                let name = format!("except {}", except.join(", "));
                Some(Line { name, full: self.set_words(&except), members: Vec::new() })
            }
            _ => None,
        });
        let title = self.everybody().to_owned();
        self.cards.push(Card { kind: CardKind::Cluster, title, lines: lines.collect() });
    }

    /// The name of a set of pods, in full.
    fn set_words(&self, except: &[String]) -> String {
        format!("{} except {}", self.everybody(), except.join(", "))
    }

    /// What all pods together are called.
    fn everybody(&self) -> &'static str {
        if self.roll.is_by_namespace { "every namespace" } else { "entire cluster" }
    }

    /// Notes who belongs to each set of pods.
    fn fill_sets(&mut self) {
        let Some(card) = self.cards.iter().position(|card| card.kind == CardKind::Cluster) else { return };
        let all: Vec<End> = self.ends_of_namespaces();
        let sets = self.sets.iter().filter_map(|term| match term {
            Term::Cluster { except } if !except.is_empty() => Some(except),
            _ => None,
        });
        let members: Vec<Vec<End>> = sets
            .map(|except| {
                let except: BTreeSet<End> = except.iter().flat_map(|term| self.each(term)).collect();
                all.iter().copied().filter(|end| !except.contains(end)).collect()
            })
            .collect();
        let lines = self.cards.get_mut(card).into_iter().flat_map(|card| &mut card.lines);
        lines.zip(members).for_each(|(line, members)| line.members = members);
    }

    fn fill_unions(&mut self) {
        for (kind, outside) in
            [(CardKind::Sources, &self.sources), (CardKind::Destinations, &self.destinations)]
        {
            let Some(card) = self.cards.iter().position(|card| card.kind == kind) else { continue };
            let lines = self.cards.get_mut(card).into_iter().flat_map(|card| &mut card.lines);
            let unions = lines.skip(outside.parts.len());
            for (line, parts) in unions.zip(outside.unions.values()) {
                line.members = parts.iter().map(|part| End { card, line: Some(*part) }).collect();
            }
        }
    }

    fn ends_of_namespaces(&self) -> Vec<End> {
        let namespaces = self.cards.iter().enumerate().filter(|(_, card)| card.kind == CardKind::Namespace);
        namespaces.flat_map(|(at, card)| ends_of(at, card)).collect()
    }

    /// The ends that `term` comprises, one by one.
    fn each(&self, term: &Term) -> Vec<End> {
        let ends = self.ends(term, true);
        let each = |end: End| match (end.line, self.cards.get(end.card)) {
            (None, Some(card)) => ends_of(end.card, card),
            _ => vec![end],
        };
        ends.into_iter().flat_map(each).collect()
    }

    fn link(&self, connection: &Connection) -> Link {
        let from = self.ends_of_party(&connection.from, true);
        let to = self.ends_of_party(&connection.to, false);
        let cards: BTreeSet<usize> = from.iter().chain(&to).map(|end| end.card).collect();
        let nature = match (connection.from.addresses(), connection.to.addresses()) {
            (Some(_), _) => Nature::FromOutside,
            (None, Some(_)) => Nature::ToOutside,
            (None, None) if cards.len() == 1 && !self.is_cluster(&cards) => Nature::Within,
            (None, None) => Nature::Between,
        };
        Link { from, to, ports: connection.ports.terms(), family: connection.family, nature }
    }

    fn is_cluster(&self, cards: &BTreeSet<usize>) -> bool {
        let mut cards = cards.iter().filter_map(|card| self.cards.get(*card));
        cards.any(|card| card.kind == CardKind::Cluster)
    }

    fn ends_of_party(&self, party: &Party, is_from: bool) -> Vec<End> {
        let ends: BTreeSet<End> = party.terms.iter().flat_map(|term| self.ends(term, is_from)).collect();
        ends.into_iter().collect()
    }

    /// The ends that stand for `term`, the fewest.
    fn ends(&self, term: &Term, is_from: bool) -> Vec<End> {
        match term {
            Term::Cluster { except } => {
                let Some(card) = self.card(CardKind::Cluster, None) else { return Vec::new() };
                let with_exceptions =
                    |term: &&&Term| matches!(term, Term::Cluster { except } if !except.is_empty());
                let mut sets = self.sets.iter().filter(with_exceptions);
                let line = if except.is_empty() { None } else { sets.position(|set| *set == term) };
                vec![End { card, line }]
            }
            Term::Namespace { name, except } => self.ends_of_namespace(name, except),
            Term::Workload(pods) => self.end_of(pods).into_iter().collect(),
            Term::Addresses(addresses) => {
                let kind = if is_from { CardKind::Sources } else { CardKind::Destinations };
                let outside = if is_from { &self.sources } else { &self.destinations };
                let Some(card) = self.card(kind, None) else { return Vec::new() };
                match outside.named(addresses) {
                    Named::Whole => vec![End { card, line: None }],
                    Named::Parts(parts) => {
                        parts.into_iter().map(|part| End { card, line: Some(part) }).collect()
                    }
                    Named::Union(at) => vec![End { card, line: Some(outside.parts.len() + at) }],
                }
            }
        }
    }

    fn ends_of_namespace(&self, name: &str, except: &[WorkloadPods]) -> Vec<End> {
        let Some(card) = self.card(CardKind::Namespace, Some(name)) else { return Vec::new() };
        if except.is_empty() {
            return vec![End { card, line: None }];
        }
        let except: BTreeSet<_> = except.iter().map(|pods| &pods.workload).collect();
        let lines = self.namespaces.get(name).into_iter().flatten().enumerate();
        // A workload's pods, where some are lines of their own, are in the workload's line too.
        let rest = lines.filter(|(_, pods)| !except.contains(&pods.workload) && is_whole(pods));
        rest.map(|(line, _)| End { card, line: Some(line) }).collect()
    }

    fn end_of(&self, pods: &WorkloadPods) -> Option<End> {
        let namespace = &*pods.workload.key.namespace;
        let card = self.card(CardKind::Namespace, Some(namespace))?;
        let line = self.namespaces.get(namespace)?.iter().position(|known| known == pods)?;
        Some(End { card, line: Some(line) })
    }

    fn card(&self, kind: CardKind, title: Option<&str>) -> Option<usize> {
        let is_it = |card: &Card| card.kind == kind && title.is_none_or(|title| card.title == title);
        self.cards.iter().position(is_it)
    }
}

fn is_whole(pods: &WorkloadPods) -> bool {
    pods.pods.is_empty() && pods.addresses.is_empty()
}

fn ends_of(at: usize, card: &Card) -> Vec<End> {
    if card.lines.is_empty() {
        return vec![End { card: at, line: None }];
    }
    (0..card.lines.len()).map(|line| End { card: at, line: Some(line) }).collect()
}

/// What pods are called inside their namespace's card.
fn within(pods: &WorkloadPods) -> String {
    let full = pods.to_string();
    let namespace = format!("{}/", pods.workload.key.namespace);
    full.strip_prefix(&namespace).map_or(full.clone(), str::to_owned)
}

fn short(term: &Term) -> String {
    match term {
        Term::Namespace { name, except } if except.is_empty() => format!("`{name}`"),
        term => term.to_string(),
    }
}

fn outside_card(kind: CardKind, outside: &Outside) -> Option<Card> {
    if outside.parts.is_empty() {
        return None;
    }
    let title = words(&outside.whole);
    let is_all = title.starts_with("internet");
    let line = |addresses| {
        let full = words(addresses);
        let is_rest =
            is_all && full.contains("internet") && (full.contains(" except ") || full.contains(','));
        let name = if is_rest { "rest of the internet".to_owned() } else { full.clone() };
        Line { name, full, members: Vec::new() }
    };
    // One part is the whole, and needs no line beside the title.
    if outside.parts.len() == 1 {
        return Some(Card { kind, title, lines: Vec::new() });
    }
    let title = if is_all { title } else { "these ranges".to_owned() };
    let lines = outside.parts.iter().chain(outside.unions.keys()).map(line).collect();
    Some(Card { kind, title, lines })
}
