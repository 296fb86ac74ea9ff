//! `sekisho diff`.

use crate::{
    args::{DiffArgs, DiffFormat},
    git,
    input::{self, Input},
    outcome::Outcome,
    output,
    render::{diff as render, json},
};
use anyhow::bail;
use sekisho_core::{
    diff::{Difference, State, diff},
    index::Index,
    reach::Reach,
};
use sekisho_k8s::{Options, read_paths};
use std::path::{Path, PathBuf};

/// Says what differs between two states.
pub(crate) fn run(arguments: &DiffArgs) -> anyhow::Result<Outcome> {
    let Some([old, new]) = states(arguments)? else { return Ok(Outcome::CouldNot) };
    let difference = compared(&old, &new);
    match arguments.output {
        DiffFormat::Table => output::to_stdout(|out| render::table(&difference, out))?,
        DiffFormat::Json => output::plain_to_stdout(|out| json::diff(&difference, out))?,
        DiffFormat::Md => output::plain_to_stdout(|out| render::markdown(&difference, out))?,
        DiffFormat::Csv => output::plain_to_stdout(|out| render::csv(&difference, out))?,
        DiffFormat::Dot => output::plain_to_stdout(|out| render::dot(&difference, out))?,
    }
    Ok(if difference.is_empty() { Outcome::Holds } else { Outcome::DoesNotHold })
}

fn compared(old: &Input, new: &Input) -> Difference {
    let index = |input: &Input| Index::of(input.cluster.changes());
    let (old_index, new_index) = (index(old), index(new));
    let (old_reach, new_reach) = (Reach::of(&old_index), Reach::of(&new_index));
    diff(
        State { cluster: &old.cluster, index: &old_index, reach: &old_reach },
        State { cluster: &new.cluster, index: &new_index, reach: &new_reach },
    )
}

/// Both states; `None` where one of them has errors, which are told. Both are read in any case, so that
/// all errors are.
fn states(arguments: &DiffArgs) -> anyhow::Result<Option<[Input; 2]>> {
    let options = Options { default_namespace: arguments.namespace.as_str().into() };
    let [old, new] = match &arguments.git {
        Some(revisions) => git::read(revisions, &arguments.paths, &options)?,
        None => {
            let [old, new] = two(&arguments.paths)?;
            [old, new].map(|path| read_paths(std::slice::from_ref(path), &options))
        }
    };
    let (old, new) = (input::accept(old?)?, input::accept(new?)?);
    Ok(old.zip(new).map(|(old, new)| [old, new]))
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
