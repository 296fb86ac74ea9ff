//! What flowed and would break by a change.

use crate::{
    history::{Call, History, Party, Untold},
    replay::{Refused, World, refused},
    roster::Roster,
};
use sekisho_core::object::Cluster;
use sekisho_flow::record::Window;

/// What of a history would break.
#[derive(Debug)]
pub struct Broken {
    /// How many kinds of connections were seen to pass.
    pub kinds: usize,
    /// How many records they were read from.
    pub records: u64,
    /// The stretch of time that they are of.
    pub window: Option<Window>,
    /// Those that pass in the old state and not in the new one, the most frequent first.
    pub broken: Vec<Refused>,
    /// How many kinds passed and do not in the old state either: policies or pods have changed since.
    pub already: usize,
    /// Those one of whose ends the new state does not have.
    pub gone: Vec<Call>,
    /// What was seen and cannot be asked about.
    pub untold: Vec<Untold>,
}

/// What of `history` passes in `old` and would not in `new`.
///
/// The `roster` is that of `old`. In `new` a workload's pods are those of its name and kind: addresses and names of
/// pods do not matter.
#[must_use]
pub fn broken((old, new): (&Cluster, &Cluster), history: &History, roster: &Roster) -> Broken {
    let worlds = (World::of(old), World::of(new));
    let is_there = |call: &&Call| {
        [&call.from, &call.to].into_iter().all(|party| match party {
            Party::Pods(_, workload) => worlds.1.has(workload),
            Party::Node(_) | Party::Address(_) => true,
        })
    };
    let (there, gone): (Vec<&Call>, Vec<&Call>) = history.passed.keys().partition(is_there);
    let asked = there.iter().filter_map(|call| Some((*call, history.passed.get(*call)?)));
    let (already, broken): (Vec<Refused>, Vec<Refused>) =
        refused(asked, (&worlds.0, &worlds.1), roster).into_iter().partition(|one| one.already);
    Broken {
        kinds: history.passed.len(),
        records: history.records,
        window: history.window,
        broken,
        already: already.len(),
        gone: gone.into_iter().cloned().collect(),
        untold: history.untold.clone(),
    }
}
