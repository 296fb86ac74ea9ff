//! The records of flows that verbs read.

use clap::Args;
use sekisho_flow::{Timestamp, query::Since};
use std::path::PathBuf;

/// The records of flows to read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flows")]
pub(crate) struct FlowsArgs {
    /// Files of flows; `-` is standard input. They are sekisho's own records, what Hubble exports, GKE's
    /// network policy logs, or flow logs of a VPC: which of them, the first line tells
    #[arg(long, value_name = "FILE")]
    pub(crate) flows: Vec<PathBuf>,

    /// Only what was seen since then: `14d`, `12h`, `30m`, or a moment such as `2026-11-01T00:00:00Z`
    #[arg(long, value_name = "WHEN", requires = "flows")]
    pub(crate) since: Option<Since>,

    /// Only what was seen until then, and the moment from which `--since` counts back; now, where it is
    /// not given
    #[arg(long, value_name = "MOMENT", requires = "flows")]
    pub(crate) until: Option<Timestamp>,
}
