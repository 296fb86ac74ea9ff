//! `sekisho lab shell`.

use crate::{
    args::{InputArgs, LabShellArgs},
    input,
    outcome::Outcome,
    output,
};
use anyhow::bail;
use sekisho_lab::{Applied, Watching};
use std::path::Path;

/// Opens a shell in a pod, and follows the manifests while it is open.
pub(crate) fn run(arguments: &LabShellArgs) -> anyhow::Result<Outcome> {
    let manifests = &arguments.lab.input;
    if manifests.paths.iter().any(|path| path == Path::new("-")) {
        bail!("`-` cannot be followed, and the shell needs standard input: name files or folders");
    }
    let pod = match arguments.pod.contains('/') {
        true => arguments.pod.clone(),
        false => format!("{}/{}", manifests.how.namespace(), arguments.pod),
    };
    let Some(mut lab) = super::build(&arguments.lab)? else { return Ok(Outcome::CouldNot) };
    let shell = lab.shell(&pod)?;
    lab.follow(
        shell,
        Watching {
            paths: &manifests.paths,
            read: &mut || reread(manifests),
            told: &mut |applied| match applied {
                Applied::Done => output::note("the manifests changed; the lab follows"),
                Applied::Refused(why) => output::note(&format!("the lab stays as it was: {why}")),
            },
        },
    )?;
    Ok(Outcome::Holds)
}

fn reread(manifests: &InputArgs) -> Result<sekisho_core::object::Cluster, String> {
    match input::read(manifests) {
        Ok(Some(input)) => Ok(input.cluster),
        Ok(None) => Err("the manifests are wrong".to_owned()),
        Err(error) => Err(format!("{error:#}")),
    }
}
