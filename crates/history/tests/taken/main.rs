//! Whatever is put, sent again and interrupted, the answer is what was put, joined: of a file, and of a ClickHouse.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test says what must hold")]

mod between;
mod clickhouse;
#[path = "../others/engine.rs"]
mod engine;
mod file;
mod less;
mod life;
mod server;

use proptest::{
    strategy::Strategy,
    test_runner::{TestCaseError, TestRunner},
};
use sekisho_core::testing::config;
use sekisho_flow::{Timestamp, merge::merge, query::Query, record::Flow};
use sekisho_history::{Batch, History, Mark};
use std::ops::ControlFlow;

/// What the history answers.
fn answer(history: &History, query: &Query) -> Vec<Flow> {
    let mut flows = Vec::new();
    history
        .flows(query, |flow| {
            flows.push(flow);
            ControlFlow::Continue(())
        })
        .unwrap();
    flows
}

/// What it is to answer.
fn in_minutes(flows: &[Flow]) -> Vec<Flow> {
    merge(flows.iter().cloned().map(|flow| Flow { window: flow.window.in_minutes(), ..flow }))
}

/// The batch with the number `number` of `node-0`.
fn batch(number: u64, flows: Vec<Flow>) -> Batch {
    let mark = Mark { node: "node-0".into(), boot: "boot-0".into(), first: number, last: number };
    Batch { mark, at: Timestamp::UNIX_EPOCH, flows, lost: Vec::new() }
}

/// Tries `property` on things of any form.
fn always<T: std::fmt::Debug>(
    cases: u32,
    of: impl Strategy<Value = T>,
    property: impl Fn(T) -> Result<(), TestCaseError>,
) {
    let mut config = config(cases);
    config.source_file = Some(file!());
    TestRunner::new(config).run(&of, property).unwrap_or_else(|error| panic!("{error}"));
}
