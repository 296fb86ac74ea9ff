//! `sekisho rego`.

use crate::{
    args::{RegoArgs, RegoFactsArgs, RegoTestArgs, RegoTestFormat, RegoVerb},
    check::scope::{Asked, scopes},
    input::{self, rego::Unreadable},
    outcome::Outcome,
    output,
    render::{json, rego as render},
    settings,
};
use anyhow::{Context, bail};
use sekisho_catalog::document::Ignored;
use sekisho_core::index::Index;
use sekisho_lint::{
    Subject, World,
    facts::{self, Document},
    rego,
};

/// Tests rules, or shows what they see.
pub(crate) fn run(arguments: &RegoArgs) -> anyhow::Result<Outcome> {
    match &arguments.verb {
        RegoVerb::Test(arguments) => test(arguments),
        RegoVerb::Facts(arguments) => show(arguments),
    }
}

fn test(arguments: &RegoTestArgs) -> anyhow::Result<Outcome> {
    let rules = match input::rego::load(&arguments.folders)? {
        Ok(rules) => rules,
        Err(Unreadable) => return Ok(Outcome::CouldNot),
    };
    let trials = rules.test();
    if trials.is_empty() {
        bail!("there is no rule that begins with `test_`, so nothing was tested");
    }
    match arguments.output {
        RegoTestFormat::Table => output::to_stdout(|out| render::table(&trials, rules.sources(), out))?,
        RegoTestFormat::Json => output::plain_to_stdout(|out| json::rego_test(&trials, out))?,
        RegoTestFormat::Junit => output::plain_to_stdout(|out| render::junit(&trials, out))?,
    }
    let passed = trials.iter().all(|trial| trial.outcome == rego::Outcome::Passed);
    Ok(if passed { Outcome::Holds } else { Outcome::DoesNotHold })
}

fn show(arguments: &RegoFactsArgs) -> anyhow::Result<Outcome> {
    let team = settings::read_near::<Ignored>(arguments.catalog.as_deref(), &arguments.input.paths)?;
    if !input::tell(&team.diagnostics, &team.sources, "the catalog")? {
        return Ok(Outcome::CouldNot);
    }
    let asked = Asked {
        environment: arguments.environment.as_deref(),
        paths: &arguments.input.paths,
        is_live: arguments.input.how.cluster.access().is_some(),
    };
    // What is named, or the cluster, is one scope.
    let scope = scopes(&asked, &team)?.pop().context("there is nothing to look at")?;
    let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
    let index = Index::of(input.cluster.changes());
    let world = World::new(&input.cluster, &index, &scope.standard, scope.extent, false);
    let asked = arguments.object.as_deref();
    let documents = facts::documents(&world, facts::Wanted::everything());
    let documents = documents.filter(|one| asked.is_none_or(|asked| is_named(one, asked)));
    let inputs: Vec<facts::Input> = documents.map(|document| document.input).collect();
    if let Some(asked) = asked.filter(|_| inputs.is_empty()) {
        bail!("there is no `{asked}`; write `namespace/name`, or `NetworkPolicy/namespace/name`");
    }
    output::plain_to_stdout(|out| json::facts(&inputs, arguments.pretty, out))?;
    Ok(Outcome::Holds)
}

/// Whether `asked` names the object of a document.
fn is_named(document: &Document, asked: &str) -> bool {
    let (kind, name) = match &document.subject {
        Subject::Policy(key) => ("NetworkPolicy", key.to_string()),
        Subject::Workload(workload) => (&*workload.kind, workload.key.to_string()),
        Subject::Namespace(name) => ("Namespace", name.to_string()),
        Subject::ClusterPolicy(_) | Subject::Text => return false,
    };
    asked == name
        || asked.split_once('/').is_some_and(|(of, rest)| of.eq_ignore_ascii_case(kind) && rest == name)
}
