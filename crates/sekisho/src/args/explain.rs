//! `sekisho explain`.

use super::InputArgs;
use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  Why can the web pods not reach the api?
    sekisho explain --from shop/web --to shop/api --port TCP/8080 manifests/

  From an address outside, to a port by its name
    sekisho explain --from 198.51.100.7 --to shop/web --port https manifests/

  What the cluster runs now
    sekisho explain --from shop/web --to kube-system/coredns --port UDP/53 --cluster

  Two workloads of one name are told apart by their kind
    sekisho explain --from shop/statefulset/web --to shop/api --port 8080 manifests/

Exit status: 0 allowed, 1 denied, 2 could not run. Where pods of a workload, or its IPv4 and
IPv6 addresses, get different answers, each is printed, and one that is denied makes it 1.";

/// Say whether A may talk to B on a port, and which policies and lines say so
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// Who opens the connection: `namespace/name` of a workload or pod, `namespace/kind/name`, or an address
    #[arg(long, value_name = "END")]
    pub(crate) from: String,

    /// Whom it is opened to, in the same forms
    #[arg(long, value_name = "END")]
    pub(crate) to: String,

    /// The port of the destination pod: `TCP/8080`, `8080` (TCP), `UDP/53`, a container port's name, or `icmp`
    #[arg(long, short, value_name = "PORT")]
    pub(crate) port: String,

    /// How to print the answer
    #[arg(short, long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) output: ExplainFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How to print an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// For people
    Text,
    /// For programs; `sekisho schema explain` describes it
    Json,
}
