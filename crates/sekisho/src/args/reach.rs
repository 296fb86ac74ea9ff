//! The command line of `sekisho reach`.

use super::InputArgs;
use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  Who may talk to whom?
    sekisho reach manifests/

  A picture to show to others: it opens in a browser and needs nothing else
    sekisho reach -o html manifests/ > reach.html

  Who may reach the databases, from where, on which ports?
    sekisho reach --to 'app=db,tier!=cache' manifests/

  What may be reached from the internet, and from the office?
    sekisho reach --from internet manifests/
    sekisho reach --from 198.51.100.0/24 --port TCP manifests/

  Which namespaces may talk to each other at all?
    sekisho reach --by namespace manifests/

An END is
  namespace/name         a workload or a pod; namespace/kind/name where names are not enough
  namespace/*            every pod of a namespace; */* or `cluster` every pod
  app=web,tier!=db       every pod whose labels match, as `kubectl -l` takes them; with a namespace
                         in front and a colon, shop:app=web, those of the namespace
  10.0.0.0/8             addresses, whoever bears them
  internet               every address that no pod bears

Addresses outside the cluster are split only where some policy tells them apart; what is said
of a list of them is said of those that no pod bears. Pods of the host network are their node's
address and are not listed.

Exit status: 0 printed, 2 could not run. What names nothing is an error.";

/// List who may talk to whom, on which ports
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReachArgs {
    /// Only connections that this END opens; given more than once, any of them
    #[arg(long, value_name = "END")]
    pub(crate) from: Vec<String>,

    /// Only connections to this END; given more than once, any of them
    #[arg(long, value_name = "END")]
    pub(crate) to: Vec<String>,

    /// Only these ports: `TCP/8080`, `8080` (TCP), `8000-8100`, `UDP`, a container port's name, or `icmp`; given
    /// more than once, any of them
    #[arg(long, short, value_name = "PORT")]
    pub(crate) port: Vec<String>,

    /// Connections of every namespace, also where `-n` names one
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,

    /// What pods are named by
    #[arg(long, value_enum, default_value_t = By::Workload)]
    pub(crate) by: By,

    /// How to print the connections
    #[arg(short, long, value_enum, default_value_t = ReachFormat::Table)]
    pub(crate) output: ReachFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// What pods are named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Each by itself
    Pod,
    /// Their workloads, and pods only where those of one workload are answered differently
    Workload,
    /// Their namespaces: some pod of the one may reach some pod of the other
    Namespace,
}

/// How to print connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema reach` describes it
    Json,
    /// For spreadsheets (RFC 4180)
    Csv,
    /// A table in Markdown, as GitHub reads it
    Md,
    /// A graph for Graphviz
    Dot,
    /// A picture
    Svg,
    /// A page with the picture, a search and a table; it needs nothing from elsewhere
    Html,
}
