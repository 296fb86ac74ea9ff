//! The records of flows that verbs read.

use clap::Args;
use sekisho_flow::{Timestamp, query::Since};
use std::path::PathBuf;
use url::Url;

/// The records of flows to read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Flows")]
pub(crate) struct FlowsArgs {
    /// Files of flows; `-` is standard input. They are sekisho's own records, what Hubble exports, GKE's
    /// network policy logs, or flow logs of a VPC: which of them, the first line tells
    #[arg(long, value_name = "FILE", group = "records")]
    pub(crate) flows: Vec<PathBuf>,

    /// The hub that keeps what every node recorded (docs/hub.md), in the place of files: `https://ADDRESS`
    #[arg(long, value_name = "URL", group = "records", conflicts_with = "flows", requires = "hub_ca")]
    pub(crate) hub: Option<Url>,

    /// Who signs the hub's certificate, in PEM. One of our own has the name `sekisho-hub`, which is what is expected where URL
    /// is an address of this machine, as behind `kubectl port-forward`
    #[arg(long, value_name = "FILE", requires = "hub")]
    pub(crate) hub_ca: Option<PathBuf>,

    /// A file with the token that the hub is shown; that of the kubeconfig's user, where it is not given
    #[arg(long, value_name = "FILE", requires = "hub")]
    pub(crate) hub_token_file: Option<PathBuf>,

    /// Only what was seen since then: `14d`, `12h`, `30m`, or a moment such as `2026-11-01T00:00:00Z`
    #[arg(long, value_name = "WHEN", requires = "records")]
    pub(crate) since: Option<Since>,

    /// Only what was seen until then, and the moment from which `--since` counts back; now, where it is
    /// not given
    #[arg(long, value_name = "MOMENT", requires = "records")]
    pub(crate) until: Option<Timestamp>,
}

impl FlowsArgs {
    /// Whether any are named.
    pub(crate) fn is_given(&self) -> bool {
        !self.flows.is_empty() || self.hub.is_some()
    }
}
