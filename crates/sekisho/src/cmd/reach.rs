//! `sekisho reach`.

use crate::{
    args::{By, ReachArgs, ReachFormat},
    input::{self, Input},
    narrow,
    outcome::Outcome,
    output,
    render::{
        csv,
        graph::{self, Graph, Roll},
        json, markdown, table,
    },
};
use anyhow::bail;
use sekisho_core::{
    index::Index,
    reach::{Connection, Filter, Reach, by_namespace, connections},
};
use std::mem::ManuallyDrop;

/// How many workloads, pods or namespaces a picture may have. With more, browsers are slow and people
/// see nothing.
const PICTURED: usize = 1500;

/// Lists the allowed connections.
pub(crate) fn run(arguments: &ReachArgs) -> anyhow::Result<Outcome> {
    let Some(Input { cluster, sources }) = input::read(&arguments.input)? else {
        return Ok(Outcome::CouldNot);
    };
    // No line of them is shown, and the answer needs the room.
    drop(sources);
    // The process ends with this verb: to give a large cluster back piece by piece takes longer than naming
    // all its connections.
    let cluster = ManuallyDrop::new(cluster);
    let index = ManuallyDrop::new(Index::of(cluster.changes()));
    let filters = narrow::filters(arguments, &cluster, &index)?;
    let reach = ManuallyDrop::new(Reach::of(&index));
    let rows = rows(&reach, &filters, arguments.by);
    match arguments.output {
        ReachFormat::Table => output::to_stdout(|out| table::reach(&rows, arguments.by, out))?,
        ReachFormat::Json => output::plain_to_stdout(|out| json::reach(&rows, arguments.by, out))?,
        ReachFormat::Csv => output::plain_to_stdout(|out| csv::reach(&rows, arguments.by, out))?,
        ReachFormat::Md => output::plain_to_stdout(|out| markdown::reach(&rows, arguments.by, out))?,
        ReachFormat::Dot | ReachFormat::Svg | ReachFormat::Html => {
            let picture = picture(&rows, &index, &filters, arguments.by)?;
            output::plain_to_stdout(|out| match arguments.output {
                ReachFormat::Dot => graph::dot(&picture, out),
                ReachFormat::Svg => graph::svg(&picture, out),
                _ => graph::html(&picture, out),
            })?;
        }
    }
    Ok(Outcome::Holds)
}

/// The connections of all filters, sorted.
fn rows(reach: &Reach, filters: &[Filter], by: By) -> Vec<Connection> {
    let mut rows: Vec<Connection> = filters.iter().flat_map(|filter| connections(reach, filter)).collect();
    if filters.len() > 1 {
        rows.sort_by(|a, b| (&a.from, &a.to, a.family, &a.ports).cmp(&(&b.from, &b.to, b.family, &b.ports)));
    }
    if by == By::Namespace { by_namespace(reach, &rows) } else { rows }
}

/// The picture of `rows`. Who has no connection is in it where everything was asked for.
fn picture(rows: &[Connection], index: &Index, filters: &[Filter], by: By) -> anyhow::Result<Graph> {
    let grain = filters.first().map(|filter| filter.grain).unwrap_or_default();
    let is_whole = filters.iter().all(|filter| *filter == Filter { grain, ..Filter::default() });
    let graph = Graph::of(rows, &Roll::of(index, grain, by == By::Namespace, is_whole));
    let size = graph.size();
    if size > PICTURED {
        bail!(
            "{size} nodes are too many for a picture, which has {PICTURED} at most: ask for less with --from, --to \
             or -n, or draw namespaces with --by namespace"
        );
    }
    Ok(graph)
}
