//! `sekisho lab`.

mod run;
mod shell;

use crate::{
    args::{LabArgs, LabInputArgs, LabVerb},
    input::{self, Input},
    outcome::Outcome,
    output,
};
use sekisho_lab::{Lab, Options, Plan};

/// Builds a lab, and does with it what was asked.
pub(crate) fn run(arguments: &LabArgs) -> anyhow::Result<Outcome> {
    // INVARIANT: before anything starts a thread, for the kernel lets only a process of one thread
    // enter a user namespace.
    sekisho_lab::acquire()?;
    match &arguments.verb {
        LabVerb::Run(arguments) => run::run(arguments),
        LabVerb::Shell(arguments) => shell::run(arguments),
    }
}

fn options(arguments: &LabInputArgs) -> Options {
    Options { nodes: arguments.nodes.into(), ..Options::default() }
}

/// The plan of the manifests, and what it leaves out on standard error.
fn plan(input: &Input, options: &Options) -> anyhow::Result<Plan> {
    let plan = Lab::plan(&input.cluster, options)?;
    for note in &plan.notes {
        output::note(note);
    }
    Ok(plan)
}

/// Reads the manifests and builds their lab, while a person watches. `None` when they are wrong.
fn build(arguments: &LabInputArgs) -> anyhow::Result<Option<Lab>> {
    let Some(input) = input::read(&arguments.input)? else { return Ok(None) };
    let options = options(arguments);
    let plan = plan(&input, &options)?;
    let (pods, nodes) = (plan.sites.len(), plan.nodes.len());
    let spinner = output::spinner(format!("building {pods} pods on {nodes} nodes"));
    let lab = Lab::build(plan, options)?;
    spinner.finish_and_clear();
    Ok(Some(lab))
}
