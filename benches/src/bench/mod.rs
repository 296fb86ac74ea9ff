//! The benchmarks, a file each.

mod beside;
mod change;
mod check;
mod flow;
mod history;
mod index;
mod linear;
mod path;
mod reach;
mod read;
mod rego;
mod scale;

use crate::{Result, report::Row};

/// A benchmark.
#[derive(Debug)]
pub(crate) struct Bench {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// What its table is called.
    pub(crate) title: &'static str,
    /// Measures.
    pub(crate) run: fn() -> Result<Vec<Row>>,
}

/// All of them, in the order of the report.
pub(crate) const ALL: &[Bench] = &[
    Bench { name: "path", title: "From pod to pod", run: path::run },
    Bench { name: "others", title: "A new connection, decided otherwise", run: linear::run },
    Bench { name: "change", title: "One change, from the index to the kernel", run: change::run },
    Bench { name: "read", title: "Reading", run: read::run },
    Bench { name: "reach", title: "Reach", run: reach::run },
    Bench { name: "index", title: "The index", run: index::run },
    Bench { name: "check", title: "Looking for what is wrong", run: check::run },
    Bench { name: "rego", title: "Rules in Rego, beside conftest", run: rego::run },
    Bench { name: "flow", title: "Watching, on one core", run: flow::run },
    Bench { name: "history", title: "Keeping what flowed", run: history::run },
    Bench { name: "scale", title: "From a hundred pods to a million", run: scale::run },
];
