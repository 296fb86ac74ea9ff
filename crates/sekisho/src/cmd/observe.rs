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
    let mut rows = explained(flows, &cluster);
    rows.sort_by(|one, other| order(&one.flow).cmp(&order(&other.flow)));
    match arguments.output {
        ObserveFormat::Table => output::to_stdout(|out| observe::table(&rows, out))?,
        ObserveFormat::Jsonl => output::plain_to_stdout(|out| {
            rows.iter().try_for_each(|row| text::write(&mut *out, &row.flow))?;
            Ok(())
        })?,
        ObserveFormat::Otlp => output::plain_to_stdout(|out| {
            let flows: Vec<Flow> = rows.into_iter().map(|row| row.flow).collect();
            let teller = Teller { version: env!("CARGO_PKG_VERSION").to_owned(), cluster: None };
            flows.chunks(AT_ONCE).try_for_each(|flows| writeln!(out, "{}", otlp::request(flows, &teller)))?;
            Ok(())
        })?,
        ObserveFormat::Json => output::plain_to_stdout(|out| observe::document(&rows, out))?,
    }
    Ok(Outcome::Holds)
}

/// Says what flows as it comes, until nobody reads or tells any more.
fn follow(arguments: &ObserveArgs, query: &Query, access: Option<Access>) -> anyhow::Result<Outcome> {
    let Some(hub) = Hub::of(&arguments.flows, access)? else { return Ok(Outcome::CouldNot) };
    if arguments.output == ObserveFormat::Json {
        anyhow::bail!("what does not end is no document: write `-o jsonl`");
    }
    let now = Timestamp::now();
    let query = Query { period: flows::period(&arguments.flows, now)?, ..query.clone() };
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    let followed = hub.follow(&query, |flow, line| {
        match arguments.output {
            ObserveFormat::Table => observe::line(flow, &mut out)?,
            _ => writeln!(out, "{line}")?,
        }
        Ok(out.flush()?)
    });
    match followed {
        // Whoever reads has read enough.
        Err(error) if output::is_broken_pipe(&error) => Ok(Outcome::Holds),
        followed => followed.map(|()| Outcome::Holds),
    }
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

/// The flows, each with why, where the observer or the policies of `cluster` say it.
fn explained(flows: Vec<Flow>, cluster: &Cluster) -> Vec<Row> {
    if cluster.pods.is_empty() && cluster.idle.is_empty() {
        return flows.into_iter().map(|flow| Row { flow, otherwise: None }).collect();
    }
    // Those that are only tried decide nothing.
    let cluster = enforced(cluster);
    let index = Index::of(cluster.changes());
    let (policies, book) = (Policies::of(&cluster, &index), Book::of(&cluster));
    let explain = |mut flow: Flow| {
        let packet = book.packet(&flow.key);
        let verdict = packet.as_ref().and_then(|packet| policies.judge(packet));
        let mut otherwise = None;
        if let Some((packet, verdict)) = packet.zip(verdict) {
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
    };
    flows.into_iter().map(explain).collect()
}

/// Whether the policies of the side that saw it let it pass; of both, where nobody says which.
fn passes(verdict: &Verdict, side: Option<Direction>) -> bool {
    match side {
        Some(Direction::Egress) => verdict.egress.because.decision().is_allow(),
        Some(Direction::Ingress) => verdict.ingress.because.decision().is_allow(),
        None => verdict.decision.is_allow(),
    }
}
