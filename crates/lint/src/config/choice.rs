//! Rules as people choose them.

use crate::{
    catalogue,
    finding::Finding,
    rule::{Category, Rule},
};
use schemars::JsonSchema;
use sekisho_core::{diagnostic::Severity, near};
use serde::Deserialize;
use std::{collections::BTreeSet, fmt};

/// Some rules: one by its code or name, or those of a category.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Choice(String);

impl From<&str> for Choice {
    fn from(text: &str) -> Self {
        Self(text.trim().to_owned())
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Choice {
    /// Whether the finding is of such a rule.
    #[must_use]
    pub fn is_of(&self, finding: &Finding) -> bool {
        self.0.eq_ignore_ascii_case(finding.code())
            || *self.0 == *finding.name
            || self.0 == finding.category.name()
    }

    /// Whether it means a category, and so more than a rule.
    pub(crate) fn is_category(&self) -> bool {
        Category::ALL.iter().any(|category| category.name() == self.0)
    }

    /// What is wrong with it, where it means nothing. `own` has the codes of rules that are not ours.
    ///
    /// # Errors
    /// A sentence for people, with what was probably meant.
    pub fn known(&self, own: &BTreeSet<String>) -> Result<(), String> {
        let is_own = own.iter().any(|code| code.eq_ignore_ascii_case(&self.0));
        if is_own || self.is_category() || catalogue::find(&self.0).is_some() {
            return Ok(());
        }
        let rules = catalogue::rules().iter().flat_map(|rule: &&Rule| [rule.code, rule.name]);
        let mut all: Vec<&str> = own.iter().map(String::as_str).collect();
        for name in rules.chain(Category::ALL.into_iter().map(Category::name)) {
            all.push(name);
        }
        let meant = near::nearest(&self.0, all).map(|meant| format!("; did you mean `{meant}`?"));
        let meant = meant.unwrap_or_else(|| ": `sekisho rule` lists them".to_owned());
        Err(format!("`{self}` is no code, name or category of a rule{meant}"))
    }
}

/// How bad something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It does not mean what it says, or does not work.
    Error,
    /// It is risky, or against the standard.
    #[default]
    Warning,
    /// Worth knowing.
    Note,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warning => Self::Warning,
            Level::Note => Self::Note,
        }
    }
}
