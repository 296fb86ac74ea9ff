//! Rules of the team, in Rego.
//!
//! Texts are read by [`Rules::load`], which tells everything that is wrong with them at its place. [`Rules::check`]
//! gives each object of a world, as [`crate::facts`] has it, to every `deny`, `warn` and `violation`;
//! [`Rules::test`] runs the rules that begin with `test_`.
//!
//! INVARIANT: the answer depends on nothing but the texts and the objects: no clock, no randomness, no network.
//! INVARIANT: what cannot be evaluated is an error with the name of its rule, and never passes for a rule that
//! finds nothing.

mod calls;
mod join;
mod load;
mod mentions;
mod module;
mod path;
mod place;
mod run;
mod shape;
mod trial;
mod verdict;

pub use run::Judged;
pub use trial::{Outcome, Trial};

use regorus::Engine;
use sekisho_core::object::Origin;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// How bad what a rule finds is where it does not say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Deny,
    Warn,
}

/// A rule to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// Its package, `a.b`.
    package: Vec<String>,
    /// Its name.
    name: String,
    /// Where it was first written.
    origin: Origin,
}

impl Entry {
    /// What regorus calls it.
    fn query(&self) -> String {
        let mut query = "data".to_owned();
        for part in &self.package {
            // INVARIANT: the package was read from a text, as a name or a string.
            query.push_str(&format!("[{}]", serde_json::Value::from(part.as_str())));
        }
        format!("{query}.{}", self.name)
    }

    /// What people call its package.
    fn package(&self) -> String {
        self.package.join(".")
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.package(), self.name)
    }
}

/// Rules that were read.
#[derive(Clone)]
pub struct Rules {
    engine: Engine,
    checks: Vec<(Verb, Entry)>,
    tests: Vec<Entry>,
    codes: BTreeSet<String>,
    joined: join::Joined,
    sources: BTreeMap<Arc<str>, Arc<str>>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("checks", &self.checks)
            .field("tests", &self.tests)
            .finish_non_exhaustive()
    }
}

impl Rules {
    /// The texts, by name.
    #[must_use]
    pub fn sources(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.sources
    }

    /// Whether some rule may find something: one that is called `deny`, `warn` or `violation`.
    #[must_use]
    pub fn has_checks(&self) -> bool {
        !self.checks.is_empty()
    }

    /// The codes that findings of these rules may have, as far as their texts tell.
    #[must_use]
    pub fn codes(&self) -> BTreeSet<String> {
        self.codes.clone()
    }
}

#[cfg(test)]
mod tests;
