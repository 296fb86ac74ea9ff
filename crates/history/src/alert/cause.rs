//! What one alert is about: connections that have one cause.

use sekisho_core::object::{ObjectKey, Workload};
use sekisho_flow::record::{Carried, End, Key};
use std::{fmt, sync::Arc};

/// An end, as far as causes tell ends apart: the labels of pods do not, and whoever is outside is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Workload(Workload),
    Node(Option<Arc<str>>),
    Service(ObjectKey),
    Outside,
    Anyone,
}

impl Who {
    fn of(end: &End) -> Self {
        match end {
            End::Workload(end) => Self::Workload(end.workload.clone()),
            End::Node(name) => Self::Node(name.clone()),
            End::Service(key) => Self::Service(key.clone()),
            End::External { .. } => Self::Outside,
            End::Anyone => Self::Anyone,
        }
    }

    fn namespace(&self) -> Option<&Arc<str>> {
        match self {
            Self::Workload(workload) => Some(&workload.key.namespace),
            _ => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload(workload) => workload.key.fmt(f),
            Self::Node(Some(name)) => write!(f, "node/{name}"),
            Self::Node(None) => f.write_str("node"),
            Self::Service(key) => write!(f, "service/{key}"),
            Self::Outside => f.write_str("internet"),
            Self::Anyone => f.write_str("anyone"),
        }
    }
}

/// Connections that have one cause: of the same ends, carrying the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    pub(super) from: Who,
    pub(super) to: Who,
    pub(super) carried: Carried,
}

impl Cause {
    pub(super) fn of(key: &Key) -> Self {
        Self { from: Who::of(&key.from), to: Who::of(&key.to), carried: key.carried }
    }

    /// The labels that say it. `namespace` is that of who refuses, where it is said who that is, or else of the end that has one.
    pub(super) fn labels(&self, refused_by: Option<&End>) -> [(&'static str, String); 4] {
        let refused_by = refused_by.map(Who::of);
        let ends = refused_by.iter().chain([&self.to, &self.from]);
        let namespace = ends.filter_map(Who::namespace).next();
        [
            ("namespace", namespace.map(ToString::to_string).unwrap_or_default()),
            ("from", self.from.to_string()),
            ("to", self.to.to_string()),
            ("port", self.carried.to_string()),
        ]
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {}", self.from, self.to, self.carried)
    }
}
