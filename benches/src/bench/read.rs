//! Reading and resolving: what a person or a pipeline waits for.

use super::reach::SHAPE;
use crate::{
    Result,
    cluster::Usual,
    manifest,
    measure::{quantile, seconds},
    report::{Goal, Row, count},
};
use granit_parser::Parser;
use sekisho_core::index::Index;
use sekisho_k8s::{Options, read_text};
use std::{env, fs, hint::black_box, process::Command};

/// 10,000 pods, as a cluster of 50 teams has them.
const PODS: Usual = Usual { pods: 10_000, policies: 1_050 };
/// How often; the fastest counts, for nothing makes a computation faster than it is.
const TIMES: usize = 3;
/// Reads, resolves, and runs the program.
pub(crate) fn run() -> Result<Vec<Row>> {
    let mut rows = reading()?;
    rows.push(program()?);
    Ok(rows)
}

fn fastest(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..TIMES).map(|_| seconds(&mut work).0).collect();
    quantile(&mut times, 0.0)
}

fn reading() -> Result<Vec<Row>> {
    let text = manifest::text(PODS.changes());
    let read = || read_text("cluster.yaml", text.as_bytes(), &Options::default());
    let reading = read();
    if reading.cluster.pods.len() != PODS.pods || reading.cluster.policies.len() != PODS.policies {
        let first = reading.diagnostics.first().map(|diagnostic| diagnostic.message.clone());
        return Err(format!("not everything was read: {}", first.unwrap_or_default()).into());
    }
    let events = fastest(|| {
        black_box(Parser::new_from_str(&text).count());
    });
    let only_read = fastest(|| drop(black_box(read())));
    let resolved = fastest(|| drop(black_box(Index::of(read().cluster.changes()))));
    let size = format!("{:.1} MB of YAML, {} policies among it", count(text.len()) / 1e6, PODS.policies);
    Ok(vec![
        Row::new("10,000 pods read and resolved", resolved, "s").goal(Goal::AtMost(2.0)).note(size),
        Row::new("the reading of it", only_read, "s").against("YAML events of the same bytes", events, "s"),
    ])
}

/// The program itself, from files to JSON.
fn program() -> Result<Row> {
    let what = "`sekisho reach -o json`, 1,000 workloads";
    let program = env::current_exe()?.with_file_name("sekisho");
    if !program.exists() {
        return Ok(Row::absent(what, "the program is not built: cargo build --release --package sekisho"));
    }
    let file = env::temp_dir().join(format!("sekisho-bench-{}.yaml", std::process::id()));
    fs::write(&file, manifest::text(SHAPE.changes()))?;
    let run = || Command::new(&program).args(["reach", "-o", "json"]).arg(&file).output();
    let output = run();
    let taken = fastest(|| drop(black_box(run())));
    fs::remove_file(&file)?;
    let output = output?;
    if !output.status.success() || output.stdout.len() < 1000 {
        return Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(Row::new(what, taken, "s").goal(Goal::AtMost(1.0)).note("starting, reading and writing included"))
}
