//! A run as a matrix: who (rows) reaches what (columns).

use crate::{
    plan::{Host, Place, Probe},
    report::{Outcome, Report},
};
use sekisho_core::{packet::Traffic, verdict::Decision};
use std::collections::BTreeMap;

/// Rows of senders, columns of receivers and their ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// The senders.
    pub rows: Vec<String>,
    /// The receivers and what they listen on.
    pub columns: Vec<Column>,
    /// A cell for each row and column.
    pub cells: Vec<Vec<Cell>>,
}

/// A receiver, and one thing that is sent to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The receiver, or a Service.
    pub to: String,
    /// A port, `closed port` or `ping`.
    pub traffic: String,
}

/// The probes from one sender to one receiver: one or one of each family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How many the kernel let through.
    pub allowed: usize,
    /// How many it did not.
    pub denied: usize,
    /// How many went otherwise than the core predicted.
    pub different: usize,
}

/// What a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// Nothing was tried.
    Empty,
    /// All were let through.
    Allowed,
    /// None was.
    Denied,
    /// Some were: IPv4 and IPv6 differ.
    Mixed,
    /// The kernel and the core differ.
    Different,
}

impl Cell {
    /// What the cell shows.
    #[must_use]
    pub fn state(self) -> CellState {
        match self {
            Self { different: 1.., .. } => CellState::Different,
            Self { allowed: 0, denied: 0, .. } => CellState::Empty,
            Self { denied: 0, .. } => CellState::Allowed,
            Self { allowed: 0, .. } => CellState::Denied,
            _ => CellState::Mixed,
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        match outcome.observed.decision() {
            Some(Decision::Allow) => self.allowed += 1,
            Some(Decision::Deny) => self.denied += 1,
            None => {}
        }
        self.different += usize::from(!outcome.agrees);
    }
}

/// What orders rows and columns: pods by name, then nodes, then the outside by address.
type Order = (Host, Option<Place>);

impl Report {
    /// The run as a matrix of declared ports and Services; a closed port or an echo request has a column
    /// where it went otherwise than predicted.
    #[must_use]
    pub fn matrix(&self) -> Matrix {
        let mut rows: BTreeMap<Order, String> = BTreeMap::new();
        let mut columns: BTreeMap<(usize, Order, String), Column> = BTreeMap::new();
        let mut cells: BTreeMap<(Order, (usize, Order, String)), Cell> = BTreeMap::new();
        let shown = self.columns_shown();
        for outcome in &self.outcomes {
            let probe = &outcome.probe;
            let row = order(probe.from);
            let column = self.column(probe);
            rows.entry(row).or_insert_with(|| self.plan.place_name(probe.from));
            if !shown.contains(&(column.to.clone(), column.traffic.clone())) {
                continue;
            }
            let receiver = probe.arrivals.first().map_or(row, |arrival| order(arrival.at));
            let key = (probe.service.map_or(0, |at| at + 1), receiver, column.traffic.clone());
            let key = if probe.service.is_some() { (key.0, (Host::Outside, None), key.2) } else { key };
            columns.entry(key.clone()).or_insert(column);
            cells.entry((row, key)).or_default().add(outcome);
        }
        let line = |row: &Order| {
            columns
                .keys()
                .map(|column| cells.get(&(*row, column.clone())).copied().unwrap_or_default())
                .collect()
        };
        Matrix {
            cells: rows.keys().map(line).collect(),
            rows: rows.into_values().collect(),
            columns: columns.into_values().collect(),
        }
    }

    fn columns_shown(&self) -> std::collections::BTreeSet<(String, String)> {
        let is_shown = |outcome: &&Outcome| {
            !outcome.agrees || outcome.probe.service.is_some() || self.is_declared(&outcome.probe)
        };
        let shown = self.outcomes.iter().filter(is_shown).map(|outcome| self.column(&outcome.probe));
        shown.map(|column| (column.to, column.traffic)).collect()
    }

    fn is_declared(&self, probe: &Probe) -> bool {
        probe.arrivals.iter().any(|arrival| match arrival.packet.traffic {
            Traffic::Port(protocol, port) => {
                self.plan.listeners(arrival.at.host).contains_key(&(protocol, port))
            }
            _ => false,
        })
    }

    fn column(&self, probe: &Probe) -> Column {
        let traffic = match probe.traffic {
            Traffic::Other(1) | Traffic::Icmpv6(128) => "ping".to_owned(),
            Traffic::Port(..) if probe.service.is_none() && !self.is_declared(probe) => {
                format!("{} (closed)", probe.traffic)
            }
            traffic => traffic.to_string(),
        };
        Column { to: self.target_name(probe), traffic }
    }
}

fn order(place: Place) -> Order {
    (place.host, (place.host == Host::Outside).then_some(place))
}
