//! What it costs to keep what flowed, and to ask for it.

use crate::{
    Result,
    measure::{quantile, seconds},
    report::{Goal, Row, count},
    scratch::Scratch,
};
use sekisho_core::{
    object::{Direction, Labels, ObjectKey, Workload},
    set::Protocol,
};
use sekisho_flow::{
    Timestamp,
    query::Query,
    record::{Carried, End, Flow, Key, Leave, Observer, Outcome, Seen, Window, WorkloadEnd},
};
use sekisho_history::{Batch, History, Mark};
use std::{hint::black_box, ops::ControlFlow, sync::Arc};

/// So many records come at once: what a few hundred nodes tell of half a second.
const RECORDS: usize = 10_000;
/// So many minutes are kept, and a million rows.
const MINUTES: usize = 100;
const BEGIN: i64 = 1_795_773_600;

/// Keeps and asks.
pub(crate) fn run() -> Result<Vec<Row>> {
    let folder = Scratch::new()?;
    let mut history = History::open(&folder.path().join("history.db"))?;
    let mut batches = 0;
    let mut put = |history: &mut History, minute: usize| -> Result<f64> {
        batches += 1;
        let mark = Mark { node: "node-1".into(), boot: "a".into(), first: batches, last: batches };
        let flows = (0..RECORDS).map(|number| flow(number, minute)).collect::<Result<_>>()?;
        let batch = Batch { mark, at: at(minute)?, flows, lost: Vec::new() };
        let (time, done) = seconds(|| history.put(&batch));
        done?;
        Ok(time)
    };
    let new = put(&mut history, 0)?;
    let mut again = [0.0; 3];
    for time in &mut again {
        *time = put(&mut history, 0)?;
    }
    let mut later = Vec::new();
    for minute in 1..MINUTES {
        later.push(put(&mut history, minute)?);
    }
    let rows = history.count()?;
    let each = count(usize::try_from(history.size()?)?) / count(usize::try_from(rows)?);
    let mut table = vec![
        Row::new("10,000 records, joined to those of their minute", quantile(&mut again, 0.5), "s")
            .goal(Goal::AtMost(1.0))
            .note("and the number up to which the node was heard, in one transaction"),
        Row::new("of another minute", quantile(&mut later, 0.5), "s"),
        Row::new("of keys that are new", new, "s"),
        Row::new("a row on the disk", each, "bytes").note(format!("of {rows}, keys and indexes included")),
    ];
    for (what, query) in [
        ("the last ten minutes, of a million rows", "since=10m"),
        ("what was denied to a namespace in an hour", "outcome=denied&to=team-7/*&since=1h"),
        ("whom a workload called, ever", "from=team-3/app-3"),
        ("everything", ""),
    ] {
        table.push(ask(&history, what, query)?);
    }
    let (time, trimmed) = seconds(|| history.trim_before(at(MINUTES / 2)?).map_err(Into::into));
    let trimmed: Result<u64> = trimmed;
    table.push(Row::new("the older half, given up", time, "s").note(format!("{} rows", trimmed?)));
    Ok(table)
}

fn ask(history: &History, what: &str, query: &str) -> Result<Row> {
    let query = Query::parse(query, &[], at(MINUTES)?)?;
    let mut found = 0_u64;
    let (time, done) = seconds(|| {
        history.flows(&query, |flow| {
            found += 1;
            black_box(flow);
            ControlFlow::Continue(())
        })
    });
    done?;
    if found == 0 {
        return Err(format!("`{query}` found nothing").into());
    }
    Ok(Row::new(what, time, "s").note(format!("{found} rows, sorted")))
}

fn at(minute: usize) -> Result<Timestamp> {
    Ok(Timestamp::from_second(BEGIN + 60 * i64::try_from(minute)?)?)
}

/// What is seen of one kind of connection: 1,000 workloads in 100 namespaces call ten others each; one in fifty is denied.
fn flow(number: usize, minute: usize) -> Result<Flow> {
    let workload = |app: usize| {
        let key = ObjectKey::new(format!("team-{}", app % 100), format!("app-{app}"));
        let label = |key: &str, value: String| (Arc::from(key), Arc::from(value));
        let labels: Labels = [
            label("app.kubernetes.io/name", format!("app-{app}")),
            label("app.kubernetes.io/part-of", format!("service-{}", app % 300)),
            label("app.kubernetes.io/component", "backend".to_owned()),
        ]
        .into_iter()
        .collect();
        End::Workload(WorkloadEnd { workload: Workload { key, kind: "Deployment".into() }, labels })
    };
    let (app, other) = (number % 1000, number / 1000);
    let key = Key {
        from: workload(app),
        to: workload((app * 7 + other + 1) % 1000),
        carried: Carried::Port(Protocol::Tcp, 8080),
        outcome: if number.is_multiple_of(50) { Outcome::Denied } else { Outcome::Allowed },
        leave: Leave::default(),
        observer: Observer::Agent,
        side: Some(Direction::Ingress),
    };
    let mut seen = Seen::at(at(minute)?, 3);
    seen.nodes.insert(format!("node-{}", app % 16).into());
    seen.from_pods.insert(format!("app-{app}-7d9c5b5d5f-abcde").into());
    seen.to_pods.insert(format!("app-{other}-7d9c5b5d5f-fghij").into());
    Ok(Flow { window: Window::new(at(minute)?, at(minute + 1)?)?, key, seen })
}
