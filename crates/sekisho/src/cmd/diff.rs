//! `sekisho diff`.

mod flows;

use crate::{
    args::{DiffArgs, DiffFormat},
    git,
    input::{
        self, Input,
        built::{self, Building},
    },
    outcome::Outcome,
    output,
    render::{diff as render, json},
};
use anyhow::bail;
use sekisho_core::diff::between;
use sekisho_k8s::{
    Options, Reading,
    live::{self, Access},
    read_all, read_over, read_texts,
};
use std::path::{Path, PathBuf};

/// Says what differs between two states.
pub(crate) fn run(arguments: &DiffArgs) -> anyhow::Result<Outcome> {
    let Some([old, new]) = states(arguments)? else { return Ok(Outcome::CouldNot) };
    if arguments.flows.is_given() {
        return flows::run(arguments, &[old, new]);
    }
    let difference = between(&old.cluster, &new.cluster);
    match arguments.output {
        DiffFormat::Table => output::to_stdout(|out| render::table(&difference, out))?,
        DiffFormat::Json => output::plain_to_stdout(|out| json::diff(&difference, out))?,
        DiffFormat::Md => output::plain_to_stdout(|out| render::markdown(&difference, out))?,
        DiffFormat::Csv => output::plain_to_stdout(|out| render::csv(&difference, out))?,
        DiffFormat::Dot => output::plain_to_stdout(|out| render::dot(&difference, out))?,
    }
    Ok(if difference.is_empty() { Outcome::Holds } else { Outcome::DoesNotHold })
}

/// Both states; `None` where one of them has errors, which are told. Both are read in any case, so that
/// all errors are.
fn states(arguments: &DiffArgs) -> anyhow::Result<Option<[Input; 2]>> {
    let options = Options { default_namespace: arguments.namespace.as_str().into() };
    let building = Building { namespace: &arguments.namespace, values: &arguments.helm_values };
    let [old, new] = match (&arguments.git, arguments.cluster.access()) {
        (Some(revisions), _) => git::read(revisions, &arguments.paths, building, &options)?,
        (None, Some(access)) => applied(&access, arguments, building, &options)?.map(Ok),
        (None, None) => two(&arguments.paths)?.map(|path| read(path, building, &options)),
    };
    let (old, new) = (input::accept(old?)?, input::accept(new?)?);
    Ok(old.zip(new).map(|(old, new)| [old, new]))
}

fn read(path: &PathBuf, building: Building<'_>, options: &Options) -> anyhow::Result<Reading> {
    let (paths, texts) = built::all(std::slice::from_ref(path), building)?;
    Ok(read_all(&paths, texts, options)?)
}

/// The live cluster, and what it would be with the manifests applied.
fn applied(
    access: &Access,
    arguments: &DiffArgs,
    building: Building<'_>,
    options: &Options,
) -> anyhow::Result<[Reading; 2]> {
    if arguments.paths.is_empty() {
        bail!("what is to be applied to the cluster? give files or folders of manifests");
    }
    // Before a cluster is read for minutes.
    let (paths, texts) = built::all(&arguments.paths, building)?;
    let cluster = live::snapshot_cluster(access, None)?.texts("cluster");
    let old = read_texts(cluster.iter().map(|(name, text)| (name, text)), options);
    let mut new = read_over(&cluster, &paths, texts, options)?;
    // What there is to say about the cluster is said once.
    new.diagnostics.retain(|found| !old.diagnostics.contains(found));
    Ok([old, new])
}

/// The old path and the new one.
fn two(paths: &[PathBuf]) -> anyhow::Result<[&PathBuf; 2]> {
    match paths {
        [old, new] if old == new && old == Path::new("-") => {
            bail!("standard input can be read once: give a file or a folder for the other state")
        }
        [old, new] => Ok([old, new]),
        [] => bail!("what is to be compared? give an old and a new file or folder, or --git and a revision"),
        [only] => bail!(
            "`{}` is to be compared with what? give an old and a new file or folder, or --git and a revision",
            only.display()
        ),
        more => bail!(
            "{} paths are given, and two can be compared: put the files of a state into one folder",
            more.len()
        ),
    }
}
