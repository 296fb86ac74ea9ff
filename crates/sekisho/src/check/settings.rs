//! What the team and the command line set about a run.

use super::paths::Paths;
use crate::args::CheckArgs;
use anyhow::bail;
use sekisho_core::diagnostic::Severity;
use sekisho_lint::{
    Finding,
    config::{Choice, Config},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The settings of a run.
#[derive(Clone)]
pub(crate) struct Settings {
    config: Config,
    /// The environment that the manifests are of.
    environment: Option<String>,
    /// The folder that the settings lie in, to which their paths are relative.
    folder: PathBuf,
    paths: Paths,
}

impl Settings {
    /// Those of the team, which lie in `folder`, for an environment, with what the command line says over them. `own` has the codes of the
    /// rules that are not ours.
    ///
    /// # Errors
    /// When they name a rule that there is not, or a pattern cannot be read.
    pub(crate) fn of(
        config: Config,
        (folder, environment): (&Path, Option<String>),
        arguments: &CheckArgs,
        own: &BTreeSet<String>,
    ) -> anyhow::Result<Self> {
        let complaints = config.validate(own);
        if !complaints.is_empty() {
            bail!("{}", complaints.join("\n"));
        }
        let choices = |option: &str, named: &[String]| -> anyhow::Result<Vec<Choice>> {
            let choices: Vec<Choice> = named.iter().map(|one| Choice::from(one.as_str())).collect();
            match choices.iter().find_map(|choice| choice.known(own).err()) {
                Some(complaint) => bail!("{option}: {complaint}"),
                None => Ok(choices),
            }
        };
        let select = choices("--select", &arguments.select)?;
        let ignore = choices("--ignore", &arguments.ignore)?;
        let mut config = config.overridden(&select, &ignore);
        config.fail_on = arguments.fail_on.map_or(config.fail_on, Into::into);
        config.baseline = match &arguments.baseline {
            Some(file) => Some(file.clone()),
            None => config.baseline.map(|file| folder.join(file)),
        };
        Self::team(config, (folder, environment))
    }

    /// Those of the team, which lie in `folder`, for an environment.
    ///
    /// # Errors
    /// Where there is no current folder.
    pub(crate) fn team(
        config: Config,
        (folder, environment): (&Path, Option<String>),
    ) -> anyhow::Result<Self> {
        Ok(Self { config, environment, folder: folder.to_owned(), paths: Paths::new()? })
    }

    /// The file of the findings that were there before.
    pub(crate) fn baseline(&self) -> Option<&Path> {
        self.config.baseline.as_deref()
    }

    /// What of `findings` is to be heard, as bad as it is here.
    pub(super) fn choose(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let path = |source: &str| self.paths.relative(source, &self.folder);
        self.config.apply(findings, self.environment.as_deref(), path)
    }

    /// The least bad finding that makes a run fail.
    pub(super) fn fail_on(&self) -> Severity {
        self.config.fail_on.into()
    }
}
