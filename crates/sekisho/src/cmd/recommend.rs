//! `sekisho recommend`.

use crate::{
    args::{RecommendArgs, RecommendFormat},
    check::scope,
    flows::{self, History},
    input::{self, Input},
    outcome::Outcome,
    output,
    render::{json, recommend as render},
    settings::{self, Settings},
};
use anyhow::bail;
use sekisho_catalog::{
    Source,
    document::{Document, Ignored},
    import,
};
use sekisho_core::{
    object::{Cluster, Direction, ObjectKey},
    standard::Standard,
};
use sekisho_flow::query::Query;
use sekisho_k8s::Reading;
use sekisho_recommend::{
    Asked, Only, Recommendation, history, narrow, recommend, replay, roster::Roster, status,
};
use std::collections::BTreeSet;

/// What is asked, and what it is asked of.
struct Question {
    /// The catalog as it is written, where there is one.
    document: Document,
    cluster: Cluster,
    standard: Standard,
    roster: Roster,
    flows: History,
    asked: Asked,
}

/// Writes the narrowest policies, or says how those that are tried do.
pub(crate) fn run(arguments: &RecommendArgs) -> anyhow::Result<Outcome> {
    let Some(question) = question(arguments)? else { return Ok(Outcome::CouldNot) };
    if arguments.status { standing(arguments, question) } else { recommended(arguments, question) }
}

/// Says of what is only tried whether it may be enforced.
fn standing(arguments: &RecommendArgs, question: Question) -> anyhow::Result<Outcome> {
    let Question { cluster, roster, flows, asked, .. } = question;
    let audited = status::audited(&flows.flows);
    let mut seen = history::History::of(flows.flows, &cluster, &roster, &asked);
    seen.records = flows.records;
    let mut found = status::status(&cluster, (&roster, &seen), &audited, arguments.enough);
    found.retain(|one| {
        asked.only.namespaces.is_empty() || asked.only.namespaces.contains(&one.policy.namespace)
    });
    match arguments.output {
        RecommendFormat::Json => output::plain_to_stdout(|out| json::status(&found, &seen, out))?,
        _ => output::to_stdout(|out| render::status::table(&found, &seen, out))?,
    }
    let is_safe = found.iter().all(status::Standing::is_safe);
    Ok(if is_safe { Outcome::Holds } else { Outcome::DoesNotHold })
}

fn recommended(arguments: &RecommendArgs, question: Question) -> anyhow::Result<Outcome> {
    let Question { document, cluster, standard, roster, flows, asked } = question;
    let mut seen = history::History::of(flows.flows, &cluster, &roster, &asked);
    seen.records = flows.records;
    let (found, narrowed) = if arguments.narrow {
        narrow::narrow(&cluster, &standard, (&roster, &seen), &asked)
    } else {
        (recommend(&cluster, &standard, (&roster, &seen), &asked), Vec::new())
    };
    let told = (&found, narrowed.as_slice());
    match arguments.output {
        RecommendFormat::Yaml => output::plain_to_stdout(|out| render::yaml(told, &seen, &roster, out))?,
        RecommendFormat::Json => output::plain_to_stdout(|out| json::recommend(told, &seen, &roster, out))?,
        RecommendFormat::Catalog => catalog(&found, &cluster, (&document, standard.environment.as_deref()))?,
    }
    Ok(outcome(&found, arguments.narrow))
}

/// Prints the catalog that gives what is recommended, and tells what of it no catalog would.
fn catalog(
    found: &Recommendation,
    cluster: &Cluster,
    (base, environment): (&Document, Option<&str>),
) -> anyhow::Result<()> {
    let cluster = replay::with(cluster, found.policies.iter().map(|advice| &advice.policy));
    let reading = Reading { cluster, ..Reading::default() };
    let source = Source { environment, path: ".", reading: &reading };
    let imported = import(&[source], &[], base);
    for told in &imported.diagnostics {
        output::note(&format!("the catalog would not give it so: {}", told.message));
    }
    output::plain_to_stdout(|out| Ok(out.write_all(imported.document.to_text().as_bytes())?))
}

/// Rules that are narrowed let pass what cannot be asked about as they did, or as they did not.
fn outcome(found: &Recommendation, is_narrowed: bool) -> Outcome {
    let keeps = if is_narrowed { found.refuses_nothing() } else { found.keeps_everything() };
    if keeps { Outcome::Holds } else { Outcome::DoesNotHold }
}

fn question(arguments: &RecommendArgs) -> anyhow::Result<Option<Question>> {
    if arguments.output == RecommendFormat::Catalog && (arguments.staged || arguments.status) {
        bail!("a catalog has no policies that are only tried: leave out `--staged` and `--status`");
    }
    let paths = &arguments.input.paths;
    let settings: Settings<Ignored> = settings::read_near(arguments.catalog.as_deref(), paths)?;
    if !input::tell(&settings.diagnostics, &settings.sources, "the catalog")? {
        return Ok(None);
    }
    let standard = scope::of_paths(arguments.environment.as_deref(), paths, &settings)?;
    let Some(Input { cluster, .. }) = input::read(&arguments.input)? else { return Ok(None) };
    let access = arguments.input.how.cluster.access();
    let Some(flows) = flows::read(&arguments.flows, &Query::default(), &cluster, access)? else {
        return Ok(None);
    };
    let roster = Roster::of(&cluster, &standard);
    let asked = asked(arguments, &flows, &cluster)?;
    let document = settings.document.unwrap_or_default();
    Ok(Some(Question { document, cluster, standard, roster, flows, asked }))
}

fn asked(arguments: &RecommendArgs, flows: &History, cluster: &Cluster) -> anyhow::Result<Asked> {
    let directions: BTreeSet<Direction> = match (arguments.ingress, arguments.egress) {
        (true, false) => [Direction::Ingress].into(),
        (false, true) => [Direction::Egress].into(),
        _ => Direction::ALL.into(),
    };
    for key in &arguments.workload {
        is_there(key, cluster)?;
    }
    Ok(Asked {
        directions,
        include_denied: arguments.include_denied,
        widen: arguments.widen.unwrap_or_default(),
        staged: arguments.staged,
        only: Only {
            namespaces: arguments.input.how.namespace.iter().map(|name| name.as_str().into()).collect(),
            workloads: arguments.workload.iter().cloned().collect(),
        },
        window: flows.window,
    })
}

/// A workload that is not there is a mistake.
fn is_there(key: &ObjectKey, cluster: &Cluster) -> anyhow::Result<()> {
    let names = || {
        let pods = cluster.pods.values().chain(cluster.idle.values());
        pods.map(|pod| pod.workload.key.to_string())
    };
    let wanted = key.to_string();
    if names().any(|name| name == wanted) {
        return Ok(());
    }
    let all: Vec<String> = names().collect();
    match sekisho_core::near::nearest(&wanted, all.iter().map(String::as_str)) {
        Some(meant) => bail!("no workload is called `{wanted}`; did you mean `{meant}`?"),
        None => bail!("no workload is called `{wanted}`"),
    }
}
