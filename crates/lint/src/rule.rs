//! What a rule is.

use crate::{document::Document, finding::Report, world::World};
use sekisho_core::diagnostic::Severity;
use std::fmt;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// What keeps a policy from meaning what it says.
    Correctness,
    /// Who is not protected.
    Coverage,
    /// Who is let in and need not be.
    LeastPrivilege,
    /// What belongs into another environment, or another time.
    Environment,
    /// What will not work.
    Breakage,
    /// What is untidy.
    Hygiene,
    /// What keeps findings quiet.
    Ignoring,
    /// Rules of the team, in Rego.
    Own,
}

impl Category {
    /// All of them, in the order in which people read of them.
    pub const ALL: [Self; 8] = [
        Self::Correctness,
        Self::Coverage,
        Self::LeastPrivilege,
        Self::Environment,
        Self::Breakage,
        Self::Hygiene,
        Self::Ignoring,
        Self::Own,
    ];

    /// Its name, as people write it to choose its rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Coverage => "coverage",
            Self::LeastPrivilege => "least-privilege",
            Self::Environment => "environment",
            Self::Breakage => "breakage",
            Self::Hygiene => "hygiene",
            Self::Ignoring => "ignoring",
            Self::Own => "own",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its code. Once published it means this rule for ever.
    pub code: &'static str,
    /// Its name, in kebab-case.
    pub name: &'static str,
    /// What it is about.
    pub category: Category,
    /// How bad its findings are where nobody says otherwise.
    pub severity: Severity,
    /// The rules, by code, that say more of the same mistake: where one of them speaks of the same place, this one
    /// is silent.
    pub yields_to: &'static [&'static str],
    /// The file that it is written in, which begins with its documentation.
    pub(crate) source: &'static str,
    /// What it does.
    pub(crate) run: fn(&World<'_>, &mut Report<'_>),
}

impl Rule {
    /// Its documentation.
    #[must_use]
    pub fn document(&self) -> Document {
        Document::of(self.source)
    }
}

/// A rule whose findings come from somewhere else: the reader, or what silences findings.
pub(crate) fn elsewhere(_: &World<'_>, _: &mut Report<'_>) {}
