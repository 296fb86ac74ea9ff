//! The command line.

mod about;
mod catalog;
mod check;
mod diff;
mod explain;
mod exposure;
mod flows;
mod generate;
mod hub;
mod input;
mod lab;
mod lsp;
mod observe;
mod outputs;
mod reach;
mod recommend;
mod redundant;
mod rego;
mod render;
mod rule;
mod serve;
mod snapshot;
mod test;

pub(crate) use about::{CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
pub(crate) use catalog::{CatalogArgs, CatalogImportArgs, CatalogShowArgs, CatalogVerb};
pub(crate) use check::{CheckArgs, Emit};
pub(crate) use diff::{DiffArgs, DiffFormat};
pub(crate) use explain::{ExplainArgs, ExplainFormat};
pub(crate) use exposure::{ExposureArgs, ExposureFormat};
pub(crate) use flows::FlowsArgs;
pub(crate) use generate::{GenerateArgs, LayoutArg};
pub(crate) use hub::{ClickHouseArgs, ExceptionArgs, HubArgs, HubTlsArgs, TellingArgs};
pub(crate) use input::{CLUSTER, CheckInputArgs, ClusterArgs, InputArgs, ReadingArgs};
pub(crate) use lab::{LabArgs, LabInputArgs, LabShellArgs, LabVerb};
pub(crate) use lsp::LspArgs;
pub(crate) use observe::{ObserveArgs, ObserveFormat, OutcomeArg};
pub(crate) use outputs::{CheckFormat, CheckOutput, CheckOutputs};
pub(crate) use reach::{By, ReachArgs, ReachFormat};
pub(crate) use recommend::{RecommendArgs, RecommendFormat};
pub(crate) use redundant::{RedundantArgs, RedundantFormat};
pub(crate) use rego::{RegoArgs, RegoFactsArgs, RegoTestArgs, RegoTestFormat, RegoVerb};
pub(crate) use render::{RenderArgs, RenderNftablesArgs, Rendering};
pub(crate) use rule::{RuleArgs, RuleFormat};
pub(crate) use serve::{
    AdmissionArgs, Fail, LogFormat, LogLevel, Mode, ReportsArg, ServeArgs, ServeVerb, VerdictArgs,
};
pub(crate) use snapshot::SnapshotArgs;
pub(crate) use test::{TestArgs, TestFormat};

use clap::{Parser, Subcommand};

const EXIT_STATUS: &str = "Exit status: 0 allowed or done, 1 denied, 2 could not run.";

/// NetworkPolicy from the pull request to the packet.
#[derive(Debug, Parser)]
#[command(
    name = "sekisho",
    version = env!("SEKISHO_VERSION"),
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = EXIT_STATUS
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Explain(ExplainArgs),
    Reach(ReachArgs),
    Exposure(ExposureArgs),
    Test(TestArgs),
    Diff(DiffArgs),
    Check(CheckArgs),
    Rule(RuleArgs),
    Redundant(RedundantArgs),
    Observe(ObserveArgs),
    Recommend(RecommendArgs),
    Generate(GenerateArgs),
    Catalog(CatalogArgs),
    Rego(RegoArgs),
    Lab(LabArgs),
    Lsp(LspArgs),
    Render(RenderArgs),
    Serve(ServeArgs),
    Snapshot(SnapshotArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
    Schema(SchemaArgs),
}

#[cfg(test)]
mod tests {
    use super::{
        hub::AgentsArgs,
        serve::{AuditArgs, TlsArgs},
        *,
    };
    use clap::{Args, Command, CommandFactory};
    use std::collections::{BTreeMap, BTreeSet};

    /// The heading of a group of options, and their names.
    fn group<A: Args>() -> (String, BTreeSet<String>) {
        let group = A::augment_args(Command::new("group"));
        let heading = group.get_arguments().find_map(|one| one.get_help_heading()).unwrap().to_owned();
        (heading, group.get_arguments().map(|one| one.get_id().to_string()).collect())
    }

    fn look(verb: &Command, groups: &BTreeMap<String, BTreeSet<String>>) {
        for argument in verb.get_arguments() {
            let Some(heading) = argument.get_help_heading() else { continue };
            let id = argument.get_id().to_string();
            assert!(
                groups.get(heading).is_some_and(|group| group.contains(&id)),
                "`{}` tells `{id}` under {heading}: options without a heading stand before groups that have one",
                verb.get_name()
            );
        }
        verb.get_subcommands().for_each(|verb| look(verb, groups));
    }

    #[test]
    fn a_heading_is_over_its_own_options_alone() {
        let all = [
            group::<ClusterArgs>(),
            group::<FlowsArgs>(),
            group::<ClickHouseArgs>(),
            group::<TellingArgs>(),
            group::<AgentsArgs>(),
            group::<HubTlsArgs>(),
            group::<TlsArgs>(),
            group::<VerdictArgs>(),
            group::<AuditArgs>(),
        ];
        let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (heading, ids) in all {
            groups.entry(heading).or_default().extend(ids);
        }
        look(&Cli::command(), &groups);
    }
}
