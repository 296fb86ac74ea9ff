//! What a picture shows: cards with lines, and links between them.
//!
//! A card is a namespace, and its lines are workloads. Addresses outside the cluster, and sets of pods
//! that go beyond a namespace, have cards of their own. A link is a row of the answer: each of its
//! sources may reach each of its destinations. So it is drawn with one label where all its ends meet,
//! and what would be hundreds of arrows is a few.

mod build;
mod outside;
mod roll;

pub(crate) use roll::Roll;

use sekisho_core::reach::Family;

/// What a picture shows.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The cards: sources outside, sets of pods, namespaces by name, destinations outside.
    pub(crate) cards: Vec<Card>,
    /// The links, in the order of the rows they stand for.
    pub(crate) links: Vec<Link>,
    /// Whether ends are namespaces, and what is said of one is said of some pod of it.
    pub(crate) is_by_namespace: bool,
    /// Whether everything was asked for, so that what is not shown is denied.
    pub(crate) is_whole: bool,
}

/// What a card stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CardKind {
    /// Addresses outside the cluster that connections come from.
    Sources,
    /// Sets of pods of many namespaces.
    Cluster,
    /// A namespace.
    Namespace,
    /// Addresses outside the cluster that connections go to.
    Destinations,
}

/// Things that belong together.
#[derive(Debug)]
pub(crate) struct Card {
    /// What it stands for.
    pub(crate) kind: CardKind,
    /// What it is called. As an end of a link it stands for all of its lines.
    pub(crate) title: String,
    /// What is in it; names are unique.
    pub(crate) lines: Vec<Line>,
}

/// A workload, a pod, a set of pods, or addresses.
#[derive(Debug)]
pub(crate) struct Line {
    /// What it is called.
    pub(crate) name: String,
    /// The same in full.
    pub(crate) full: String,
    /// The ends that it comprises, where it is a set.
    pub(crate) members: Vec<End>,
}

/// A line of a card, or the card as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct End {
    /// The number of the card.
    pub(crate) card: usize,
    /// The number of the line; `None` for all of them.
    pub(crate) line: Option<usize>,
}

/// What a link is to whoever looks for risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Nature {
    /// It comes from outside the cluster.
    FromOutside,
    /// It goes from one namespace to another.
    Between,
    /// It stays in its namespace.
    Within,
    /// It leaves the cluster.
    ToOutside,
}

impl Nature {
    /// All of them, as a legend lists them.
    pub(crate) const ALL: [Self; 4] = [Self::FromOutside, Self::Between, Self::Within, Self::ToOutside];

    /// What a legend calls it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::FromOutside => "from outside the cluster",
            Self::Between => "between namespaces",
            Self::Within => "within a namespace",
            Self::ToOutside => "to outside the cluster",
        }
    }

    /// What a style sheet calls it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::FromOutside => "from-outside",
            Self::Between => "between",
            Self::Within => "within",
            Self::ToOutside => "to-outside",
        }
    }
}

/// Connections: from each of one end to each of the other.
#[derive(Debug)]
pub(crate) struct Link {
    /// Who opens them, sorted.
    pub(crate) from: Vec<End>,
    /// To whom, sorted.
    pub(crate) to: Vec<End>,
    /// The ports, as the terms of a port set.
    pub(crate) ports: Vec<String>,
    /// The only family that this holds for.
    pub(crate) family: Option<Family>,
    /// What it is to whoever looks for risk.
    pub(crate) nature: Nature,
}

/// How many terms of ports a label has.
const PORTS: usize = 2;

impl Link {
    /// The ports in full, and the family.
    pub(crate) fn full_label(&self) -> String {
        self.labelled(&self.ports, 0)
    }

    /// The ports as a picture has room for, and the family.
    pub(crate) fn label(&self) -> String {
        let shown = if self.ports.len() > PORTS + 1 { PORTS } else { self.ports.len() };
        let (shown, rest) = self.ports.split_at(shown);
        self.labelled(shown, rest.len())
    }

    fn labelled(&self, ports: &[String], more: usize) -> String {
        let mut label = match ports {
            [all] if all == "all" => "all ports".to_owned(),
            ports => ports.join(", "),
        };
        if more > 0 {
            label += &format!(" +{more}");
        }
        if let Some(family) = self.family {
            label += &format!(" ({family} only)");
        }
        label
    }
}

impl Graph {
    /// What an end is called, in full.
    pub(crate) fn name(&self, end: End) -> String {
        let Some(card) = self.cards.get(end.card) else { return String::new() };
        match end.line.and_then(|line| card.lines.get(line)) {
            Some(line) => line.full.clone(),
            None => self.whole_name(card),
        }
    }

    fn whole_name(&self, card: &Card) -> String {
        match card.kind {
            CardKind::Namespace if self.is_by_namespace => card.title.clone(),
            CardKind::Namespace => format!("all pods of `{}`", card.title),
            _ => card.title.clone(),
        }
    }

    /// The names of ends in full, as a list.
    pub(crate) fn names(&self, ends: &[End]) -> String {
        ends.iter().map(|end| self.name(*end)).collect::<Vec<_>>().join(", ")
    }

    /// How many lines, and cards without, there are.
    pub(crate) fn size(&self) -> usize {
        self.cards.iter().map(|card| card.lines.len().max(1)).sum()
    }
}
