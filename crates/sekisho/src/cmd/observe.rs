//! `sekisho observe`.

use crate::{
    args::{ObserveArgs, ObserveFormat, OutcomeArg},
    flows::{self, History, hub::Hub},
    input,
    outcome::Outcome,
    output,
    render::observe::{self, Row},
};
use sekisho_core::{
    index::Index,
    object::{Cluster, Direction},
    verdict::Verdict,
};
use sekisho_flow::{
    Timestamp,
    attribution::{Book, Judge, Policies},
    otlp::{self, Teller},
    query::{Period, Query},
    record::{self, Flow, Leave},
    text,
};
use sekisho_k8s::live::Access;
use sekisho_recommend::replay::enforced;
use std::{
    cmp::Reverse,
    io::{self, Write},
};

/// So many log records are in a request of OpenTelemetry's.
const AT_ONCE: usize = 1_000;

/// Says what flowed.
pub(crate) fn run(arguments: &ObserveArgs) -> anyhow::Result<Outcome> {
    let query = query(arguments);
    let access = arguments.input.how.cluster.access();
    if arguments.follow {
        return follow(arguments, &query, access);
    }
    let Some(cluster) = cluster(arguments)? else { return Ok(Outcome::CouldNot) };
    let Some(History { mut flows, .. }) = flows::read(&arguments.flows, &query, &cluster, access)? else {
        return Ok(Outcome::CouldNot);
    };
    flows.retain(|flow| query.is_key(&flow.key));
    let explaining = Explaining::of(&cluster);
    let reasons = explaining.as_ref().map(Explaining::reasons);
    let mut rows: Vec<Row> = flows.into_iter().map(|flow| explained(flow, reasons.as_ref())).collect();
    rows.sort_by(|one, other| order(&one.flow).cmp(&order(&other.flow)));
    match arguments.output {
        ObserveFormat::Table => output::to_stdout(|out| observe::table(&rows, out))?,
        ObserveFormat::Jsonl => output::plain_to_stdout(|out| {
            rows.iter().try_for_each(|row| text::write(&mut *out, &row.flow))?;
            Ok(())
        })?,
        ObserveFormat::Otlp => output::plain_to_stdout(|out| {
            let flows: Vec<Flow> = rows.into_iter().map(|row| row.flow).collect();
            flows
                .chunks(AT_ONCE)
                .try_for_each(|flows| writeln!(out, "{}", otlp::request(flows, &teller())))?;
            Ok(())
        })?,
        ObserveFormat::Json => output::plain_to_stdout(|out| observe::document(&rows, out))?,
    }
    Ok(Outcome::Holds)
}

/// Says what flows as it comes, until nobody reads or tells any more.
fn follow(arguments: &ObserveArgs, query: &Query, access: Option<Access>) -> anyhow::Result<Outcome> {
    if arguments.output == ObserveFormat::Json {
        anyhow::bail!("what does not end is no document: write `-o jsonl`");
    }
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    let mut print = |flow: &Flow| {
        match arguments.output {
            ObserveFormat::Table => observe::line(flow, &mut out)?,
            ObserveFormat::Otlp => writeln!(out, "{}", otlp::request(std::slice::from_ref(flow), &teller()))?,
            ObserveFormat::Jsonl | ObserveFormat::Json => text::write(&mut out, flow)?,
        }
        Ok(out.flush()?)
    };
    let followed = match Hub::of(&arguments.flows, access)? {
        Some(_) if !arguments.input.paths.is_empty() => {
            anyhow::bail!("what the hub tells has names already: manifests are for `--flows -`")
        }
        Some(hub) => {
            let period = flows::period(&arguments.flows, Timestamp::now())?;
            hub.follow(&Query { period, ..query.clone() }, print).map(|()| true)
        }
        None => {
            let Some(cluster) = cluster(arguments)? else { return Ok(Outcome::CouldNot) };
            let explaining = Explaining::of(&cluster);
            let reasons = explaining.as_ref().map(Explaining::reasons);
            flows::follow(&arguments.flows, &cluster, |flow| {
                if query.is_key(&flow.key) { print(&explained(flow, reasons.as_ref()).flow) } else { Ok(()) }
            })
        }
    };
    match followed {
        // Whoever reads has read enough.
        Err(error) if output::is_broken_pipe(&error) => Ok(Outcome::Holds),
        followed => Ok(if followed? { Outcome::Holds } else { Outcome::CouldNot }),
    }
}

/// Who tells log records.
fn teller() -> Teller {
    Teller { version: env!("CARGO_PKG_VERSION").to_owned(), cluster: None }
}

/// The cluster in which it flowed; an empty one where none is named. `None` where it cannot be read.
fn cluster(arguments: &ObserveArgs) -> anyhow::Result<Option<Cluster>> {
    let input = &arguments.input;
    if input.paths.is_empty() && input.how.cluster.access().is_none() {
        return Ok(Some(Cluster::default()));
    }
    let read = input::accept(input::reading(&input.paths, &input.how)?)?;
    Ok(read.map(|input| input.cluster))
}

/// Which flows are asked for; of which time, whoever reads them looks after.
fn query(arguments: &ObserveArgs) -> Query {
    Query {
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        carried: arguments.port.clone(),
        outcomes: arguments.outcome.iter().map(|outcome| meant(*outcome)).collect(),
        period: Period::default(),
    }
}

fn meant(outcome: OutcomeArg) -> record::Outcome {
    match outcome {
        OutcomeArg::Allowed => record::Outcome::Allowed,
        OutcomeArg::Denied => record::Outcome::Denied,
        OutcomeArg::Audited => record::Outcome::Audited,
    }
}

/// What was denied first, then what would be; of each what came most.
fn order(flow: &Flow) -> impl Ord {
    let rank = match flow.key.outcome {
        record::Outcome::Denied => 0_u8,
        record::Outcome::Audited => 1,
        record::Outcome::Allowed => 2,
    };
    (rank, Reverse(flow.seen.count), &flow.key)
}

/// A cluster whose policies are asked why.
struct Explaining {
    cluster: Cluster,
    index: Index,
}

/// Who is asked why.
struct Reasons<'c> {
    policies: Policies<'c>,
    book: Book,
}

impl Explaining {
    /// The cluster, where there is anybody in it.
    fn of(cluster: &Cluster) -> Option<Self> {
        if cluster.pods.is_empty() && cluster.idle.is_empty() {
            return None;
        }
        // Those that are only tried decide nothing.
        let cluster = enforced(cluster);
        Some(Self { index: Index::of(cluster.changes()), cluster })
    }

    fn reasons(&self) -> Reasons<'_> {
        let Self { cluster, index } = self;
        Reasons { policies: Policies::of(cluster, index), book: Book::of(cluster) }
    }
}

/// The flow with why, where the observer or the policies say it.
fn explained(mut flow: Flow, reasons: Option<&Reasons<'_>>) -> Row {
    let mut otherwise = None;
    if let Some(Reasons { policies, book }) = reasons
        && let Some(packet) = book.packet(&flow.key)
        && let Some(verdict) = policies.judge(&packet)
    {
        let passes = passes(&verdict, flow.key.side);
        if passes == (flow.key.outcome == record::Outcome::Allowed) {
            if flow.key.leave.is_unknown() {
                flow.key.leave = Leave::from(verdict);
            }
            let denies = flow.key.leave.denied_at().filter(|_| !passes && flow.seen.nearest.is_none());
            if let Some(nearest) = denies.and_then(|direction| policies.nearest(&packet, direction)) {
                flow.seen.nearest = Some(nearest);
            }
        } else {
            otherwise = Some(Leave::from(verdict));
        }
    }
    Row { flow, otherwise }
}

/// Whether the policies of the side that saw it let it pass; of both, where nobody says which.
fn passes(verdict: &Verdict, side: Option<Direction>) -> bool {
    match side {
        Some(Direction::Egress) => verdict.egress.because.decision().is_allow(),
        Some(Direction::Ingress) => verdict.ingress.because.decision().is_allow(),
        None => verdict.decision.is_allow(),
    }
}
