//! Policy on the path from pod to pod, beside the least rule that a stateful firewall has.

use super::beside::{BASELINES, ESTABLISHED, REPLICAS, goal, row};
use crate::{
    Result,
    cluster::{BesideLoad, NODE, beside_load},
    net::{Load, Paths},
    report::{Goal, Row},
};
use sekisho_core::{index::Index, packet::Packet};
use sekisho_nft::{Kernel, Program, Programmed, Transaction, conntrack::Conntrack};

const FEW: BesideLoad = BesideLoad { policies: 10, set: 10, each: 4 };
const MANY: BesideLoad = BesideLoad { policies: 10_000, set: 10_000, each: 4 };
const CROWDED: BesideLoad = BesideLoad { policies: 10_000, set: 10_000, each: 40 };

/// Measures every load on every path.
pub(crate) fn run() -> Result<Vec<Row>> {
    let baseline = Paths::with(BASELINES, ESTABLISHED)?;
    let row = |name: &str, load, paths: &Paths| row(name, load, paths, "established", &baseline);
    let mut rows = Vec::new();
    let again = Paths::with(REPLICAS, ESTABLISHED)?;
    for load in Load::ALL {
        // When this one fails, the machine was too busy for the others to mean anything.
        rows.push(row("established again", load, &again)?.goal(goal(load)).note("how far noise goes"));
    }
    let bare = Paths::new(REPLICAS, |_| Ok(()))?;
    for load in Load::ALL {
        rows.push(row("no rule, no tracking", load, &bare)?);
    }
    let few = policed(FEW)?;
    for load in Load::ALL {
        rows.push(row("10 policies, sets of 10", load, &few)?.goal(goal(load)));
    }
    let many = policed(MANY)?;
    for load in Load::ALL {
        rows.push(row("10,000 policies, sets of 10,000", load, &many)?.goal(goal(load)));
    }
    rows.push(beside_few(&many, &few)?);
    let crowded = policed(CROWDED)?;
    let note = "40 policies select each of the two pods, and the last one allows";
    rows.push(row("the same, crowded", Load::Connect, &crowded)?.note(note));
    Ok(rows)
}

/// What many policies cost beside few.
fn beside_few(many: &Paths, few: &Paths) -> Result<Row> {
    let name = "10,000 policies, sets of 10,000";
    let row = row(name, Load::Connect, many, "10 policies", few)?;
    // "No lower", as far as the noise of two paths lets anyone tell.
    Ok(row.goal(Goal::RatioAtLeast(0.98)))
}

/// Paths with sekisho's ruleset on the node, as it is once enforcement has begun.
fn policed(shape: BesideLoad) -> Result<Paths> {
    let index = Index::of(beside_load(shape));
    let allowed = |packet: &Packet| index.decide(packet).is_allow();
    Paths::new(REPLICAS, |path| {
        path.node.run(|| {
            let mut program = Program::new(&index, NODE);
            let (mut kernel, mut conntrack) = (Kernel::open()?, Conntrack::open()?);
            kernel.apply(&Transaction::between(&Programmed::default(), program.ruleset()))?;
            conntrack.sweep(&mut program, &mut kernel, |_| true, allowed)?;
            Ok(())
        })
    })
}
