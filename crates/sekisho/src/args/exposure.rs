//! `sekisho exposure`.

use super::InputArgs;
use clap::{Args, ValueEnum};
use sekisho_core::{object::ObjectKey, set::Cidr};

const EXAMPLES: &str = "\
Examples:
  Which ways lead in from outside, and do the policies admit who comes?
    sekisho exposure manifests/

  With the subnet of an internal load balancer, which no manifest tells
    sekisho exposure --balancer 10.129.0.0/23 manifests/

  With the pods that serve Ingresses, where sekisho does not know their labels
    sekisho exposure --controller edge/proxy manifests/

  What cannot be told from the manifests?
    sekisho exposure -o json manifests/ | jq '.ways[] | select(.answer == \"unknown\") | .path'

Pods of the host network are their node's address, and no policy protects them: they are listed
at the end of a way, and not below it.

Exit status: 0 every way leads where it should, as far as the manifests tell; 1 some way leads
nowhere, or policies refuse what it brings; 2 could not run.";

/// Show what is open: the ways in from outside, and whom workloads are open to
///
/// Services, Ingresses and Gateways are followed to the pods they lead to, and the policies of these are
/// asked about whoever comes there: a load balancer, a node, a controller's pods or the client. Then come
/// the workloads that are open to the internet, to the whole cluster, to other namespaces, to pods that do
/// not exist yet, and those that no policy protects.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExposureArgs {
    /// Addresses from which load balancers outside the cluster send to pods, where the manifests cannot tell
    #[arg(long, value_name = "CIDR")]
    pub(crate) balancer: Vec<Cidr>,

    /// A workload whose pods serve Ingresses and Gateways, where sekisho does not know them by their labels
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = key)]
    pub(crate) controller: Vec<ObjectKey>,

    /// How to print it
    #[arg(short, long, value_enum, default_value_t = ExposureFormat::Table)]
    pub(crate) output: ExposureFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How to print exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExposureFormat {
    /// For people
    Table,
    /// For programs; `sekisho schema exposure` describes it
    Json,
    /// For a comment or a page: Markdown as GitHub reads it
    Md,
    /// For spreadsheets
    Csv,
}

fn key(text: &str) -> Result<ObjectKey, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ObjectKey::new(namespace, name))
        }
        _ => Err("write `namespace/name` of a workload or a pod".to_owned()),
    }
}
