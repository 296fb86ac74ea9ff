//! What a team sets about the check: the `check` of its `sekisho.yaml`.

mod apply;
mod choice;
mod validate;

pub use choice::{Choice, Level};

use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Which rules speak, how loudly, and from what on a run fails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "check")]
pub struct Config {
    /// Only these rules: codes, names or categories. All of them where it is left out.
    pub select: Vec<Choice>,
    /// None of these rules: codes, names or categories.
    pub ignore: Vec<Choice>,
    /// How bad the findings of a rule are, where that is not what the rule says of itself.
    pub severity: BTreeMap<Choice, Level>,
    /// The least bad finding that makes a run fail.
    pub fail_on: Level,
    /// What is different for some files.
    pub paths: Vec<ForPaths>,
    /// What is different in an environment, by its name.
    pub environments: BTreeMap<String, Different>,
    /// The file with the findings that were there before, which make no run fail.
    pub baseline: Option<PathBuf>,
    /// Folders of rules in Rego.
    pub rego: Vec<PathBuf>,
}

/// What is different for some files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ForPaths {
    /// The files, relative to the folder of `sekisho.yaml`: `legacy/**`. A folder stands for all that is in it.
    pub paths: Vec<String>,
    /// None of these rules.
    #[serde(default)]
    pub ignore: Vec<Choice>,
    /// How bad the findings of a rule are.
    #[serde(default)]
    pub severity: BTreeMap<Choice, Level>,
}

/// What is different somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Different {
    /// None of these rules.
    pub ignore: Vec<Choice>,
    /// How bad the findings of a rule are.
    pub severity: BTreeMap<Choice, Level>,
}

impl Config {
    /// The same with what the command line says. Who asks for rules by `--select` wants to hear them, whatever the file
    /// selects and ignores; `--ignore` takes the place of the file's `ignore`.
    #[must_use]
    pub fn overridden(mut self, select: &[Choice], ignore: &[Choice]) -> Self {
        if !select.is_empty() {
            self.select = select.to_vec();
            self.ignore.clear();
        }
        if !ignore.is_empty() {
            self.ignore = ignore.to_vec();
        }
        self
    }

    /// What is wrong with it, for people. `own` has the codes of the rules that are not ours.
    #[must_use]
    pub fn validate(&self, own: &BTreeSet<String>) -> Vec<String> {
        validate::all(self, own)
    }
}
