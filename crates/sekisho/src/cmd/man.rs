//! `sekisho man`.

use crate::{
    args::{Cli, ManArgs},
    outcome::Outcome,
};
use anyhow::Context;
use clap::CommandFactory;
use std::fs;

/// Writes the manual pages.
pub(crate) fn run(arguments: &ManArgs) -> anyhow::Result<Outcome> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("cannot write manual pages to `{}`", folder.display()))?;
    Ok(Outcome::Holds)
}
