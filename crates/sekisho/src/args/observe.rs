//! `sekisho observe`.

use super::{CheckInputArgs, FlowsArgs};
use clap::{Args, ValueEnum};
use sekisho_flow::{query::FlowEnd, record::Carried};

const EXAMPLES: &str = "\
Examples:
  What was denied since yesterday, and by which policies
    sekisho observe --flows flows.jsonl --outcome denied --since 1d

  Who called the ledger, by whose leave: the policies say it where the observer did not
    sekisho observe --flows flows.jsonl --to ledger/ledger manifests/

  What left for elsewhere, as Hubble saw it
    hubble observe -o jsonpb --last 100000 | sekisho observe --flows - --to internet

  What an agent recorded on its node, with the reasons
    sekisho-agent flows --json | sekisho observe --flows - --cluster

  What is denied anywhere in the cluster, as it happens
    sekisho observe --hub https://127.0.0.1:8443 --hub-ca ca.crt --outcome denied --follow

  What is denied on a node, as it happens
    hubble observe --follow -o jsonpb | sekisho observe --flows - --outcome denied --follow

An END is
  namespace/name         a workload; namespace/* every workload of a namespace
  203.0.113.0/24         addresses outside the cluster, or one
  api.example.com        a name that an observer gave such an address
  internet               everything outside the cluster
  node                   the nodes; node/name one of them

Exit status: 0 printed, 2 could not run.";

/// Say what flowed, what was denied, and by whose leave
///
/// From records of flows, of whatever observer: those that are alike together, what was denied first. With the
/// manifests or the cluster, ends that an observer knew by their address are named, and where it did not say why
/// something passed, the policies do.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ObserveArgs {
    /// Only connections that this END opens; given more than once, any of them
    #[arg(long, value_name = "END")]
    pub(crate) from: Vec<FlowEnd>,

    /// Only connections to this END; given more than once, any of them
    #[arg(long, value_name = "END")]
    pub(crate) to: Vec<FlowEnd>,

    /// Only these: `TCP/443`, `UDP`, `ICMP/8` or `protocol/47`; given more than once, any of them
    #[arg(long, short, value_name = "PORT")]
    pub(crate) port: Vec<Carried>,

    /// Only what became of it so; given more than once, any of them
    #[arg(long, visible_alias = "verdict", value_enum)]
    pub(crate) outcome: Vec<OutcomeArg>,

    /// Go on with what the hub is told from now on, as it comes, or with what comes on standard input (`--flows -`)
    #[arg(long, short, requires = "records", conflicts_with = "until")]
    pub(crate) follow: bool,

    /// How to print them
    #[arg(short, long, value_enum, default_value_t = ObserveFormat::Table)]
    pub(crate) output: ObserveFormat,

    #[command(flatten)]
    pub(crate) input: CheckInputArgs,

    #[command(flatten)]
    pub(crate) flows: FlowsArgs,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeArg {
    /// It passed
    Allowed,
    /// It did not
    Denied,
    /// It passed, and would not have if what is only tried were enforced
    Audited,
}

/// How to print flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObserveFormat {
    /// For people
    Table,
    /// Records, a line each, as docs/flows.md describes them
    Jsonl,
    /// Log records of OpenTelemetry, as its collector reads them from a file: requests in OTLP's JSON, a line
    /// each of up to 1,000 records
    Otlp,
    /// The same as one document: `{"flows": [...]}`
    Json,
}
