//! `sekisho recommend`.

use super::{FlowsArgs, InputArgs};
use clap::{Args, ValueEnum};
use sekisho_core::object::ObjectKey;
use sekisho_recommend::Widen;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  The policies that let pass what was seen, and nothing else
    sekisho recommend --flows flows.jsonl manifests/ > narrow.yaml

  From open egress to what each service of a namespace really calls, tried before it is enforced
    sekisho recommend --egress --staged -n trading --flows flows.jsonl --cluster > staged.yaml

  Is it safe to enforce what is only tried? Nothing of two weeks would be denied
    sekisho recommend --status --since 14d --flows flows.jsonl --cluster

  Whose whole namespace is let in, and who really came?
    sekisho recommend --narrow --flows flows.jsonl manifests/

  From what Hubble saw, or GKE logged
    hubble observe -o jsonpb --last 100000 | sekisho recommend --flows - --cluster
    gcloud logging read 'logName:policy-action' --format=json | sekisho recommend --flows - --cluster

  Who calls whom, for the catalog
    sekisho recommend --flows flows.jsonl -o catalog manifests/ > sekisho.yaml

What is recommended is held against the flows by the same core that answers every other verb: what would
not pass any more, and what passes and was not seen, stands above the policies. What cannot become a rule
is told there, and never dropped. Where egress is closed, DNS is let out, seen or not.

Exit status: 0 all that was seen to pass would pass, or all that is tried may be enforced; 1 not all;
2 could not run.";

/// Write the narrowest policies that what was seen to flow needs
///
/// From records of flows, of whatever observer, and the cluster: the fewest policies that let pass what
/// passed, by labels of workloads, names of ports and blocks of addresses, each rule with what it rests on.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RecommendArgs {
    /// Only what leaves: from open egress to explicit egress
    #[arg(long)]
    pub(crate) egress: bool,

    /// Only what comes in
    #[arg(long)]
    pub(crate) ingress: bool,

    /// Only for this workload; -n is for a namespace
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = key)]
    pub(crate) workload: Vec<ObjectKey>,

    /// Let pass what was denied, as well
    #[arg(long)]
    pub(crate) include_denied: bool,

    /// For an address outside let its whole block pass: `/24`, or `/24,/64` for both families
    #[arg(long, value_name = "/LENGTH", value_parser = widen)]
    pub(crate) widen: Option<Widen>,

    /// Write policies that are only tried, with the annotation `sekisho.dev/mode: audit`
    #[arg(long)]
    pub(crate) staged: bool,

    /// Say of each policy that is only tried whether it may be enforced
    #[arg(long, conflicts_with_all = ["staged", "narrow", "include_denied", "widen", "egress", "ingress"])]
    pub(crate) status: bool,

    /// How many connections of a policy's pods must have been seen before it may be enforced
    #[arg(long, value_name = "NUMBER", default_value_t = 100, requires = "status")]
    pub(crate) enough: u64,

    /// Only narrow rules that are there: to the pods of a namespace, and the addresses of a block, that
    /// really came
    #[arg(long, conflicts_with = "staged")]
    pub(crate) narrow: bool,

    /// The catalog that says how pods are named; the nearest sekisho.yaml, where it is not given
    #[arg(short, long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,

    /// The environment that the cluster is of
    #[arg(short, long, value_name = "NAME")]
    pub(crate) environment: Option<String>,

    /// How to print it
    #[arg(short, long, value_enum, default_value_t = RecommendFormat::Yaml)]
    pub(crate) output: RecommendFormat,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    #[command(flatten)]
    pub(crate) flows: FlowsArgs,
}

/// How to print what is recommended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecommendFormat {
    /// Manifests, with comments; of --status a table
    Yaml,
    /// For programs; `sekisho schema recommend` describes it
    Json,
    /// A catalog: who calls whom, for sekisho.yaml
    Catalog,
}

fn key(text: &str) -> Result<ObjectKey, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ObjectKey::new(namespace, name))
        }
        _ => Err(format!("`{text}` is no `NAMESPACE/NAME` of a workload")),
    }
}

fn widen(text: &str) -> Result<Widen, String> {
    let wrong = || format!("`{text}` is no length of a block such as `/24`, or `/24,/64` for both families");
    let length = |text: &str, most: u8| -> Result<u8, String> {
        let number = text.strip_prefix('/').and_then(|number| number.parse().ok());
        // A block of all addresses would not be narrow.
        number.filter(|number| (1..=most).contains(number)).ok_or_else(wrong)
    };
    match text.split_once(',') {
        None => Ok(Widen { v4: Some(length(text, 32)?), v6: None }),
        Some((v4, v6)) => Ok(Widen { v4: Some(length(v4, 32)?), v6: Some(length(v6, 128)?) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_blocks_are_read() {
        assert_eq!(widen("/24"), Ok(Widen { v4: Some(24), v6: None }));
        assert_eq!(widen("/24,/64"), Ok(Widen { v4: Some(24), v6: Some(64) }));
        for text in ["24", "/0", "/33", "/24,/129", "/24,", ""] {
            assert!(widen(text).is_err(), "{text}");
        }
    }
}
