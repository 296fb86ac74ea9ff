//! `sekisho exposure`.

use crate::{
    args::{ExposureArgs, ExposureFormat},
    input,
    outcome::Outcome,
    output,
    render::{
        exposure::{self, Report},
        json,
    },
};
use anyhow::bail;
use sekisho_core::{
    exposure::exposures,
    index::Index,
    object::Cluster,
    reach::Reach,
    ways::{Told, ways_in},
};

/// Shows the ways in, and whom workloads are open to.
pub(crate) fn run(arguments: &ExposureArgs) -> anyhow::Result<Outcome> {
    let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
    let told = told(arguments, &input.cluster)?;
    let index = Index::of(input.cluster.changes());
    let reach = Reach::of(&index);
    let ways = ways_in(&input.cluster, &index, &reach, &told);
    let is_broken = ways.iter().any(sekisho_core::ways::WayIn::is_broken);
    let exposures = exposures(&input.cluster, &index, &reach);
    let report = Report::new(&input.cluster, ways, exposures);
    match arguments.output {
        ExposureFormat::Table => {
            output::to_stdout(|out| exposure::text::write(&report, &input.sources, out))?;
        }
        ExposureFormat::Json => output::plain_to_stdout(|out| json::exposure(&report, out))?,
        ExposureFormat::Md => output::plain_to_stdout(|out| exposure::markdown::write(&report, out))?,
        ExposureFormat::Csv => output::plain_to_stdout(|out| exposure::csv::write(&report, out))?,
    }
    Ok(if is_broken { Outcome::DoesNotHold } else { Outcome::Holds })
}

/// What the arguments tell. A controller that is not there is a mistake.
fn told(arguments: &ExposureArgs, cluster: &Cluster) -> anyhow::Result<Told> {
    for key in &arguments.controller {
        if !cluster.pods.values().any(|pod| pod.workload.key == *key || pod.key == *key) {
            bail!("`--controller {key}`: no workload or pod of that name is among the manifests");
        }
    }
    Ok(Told {
        balancers: arguments.balancer.iter().copied().collect(),
        controllers: arguments.controller.iter().cloned().collect(),
    })
}
