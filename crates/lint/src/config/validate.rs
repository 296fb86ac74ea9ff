//! What is wrong with settings.

use super::{Choice, Config, Level};
use globset::{Glob, GlobBuilder};
use std::collections::{BTreeMap, BTreeSet};

/// A pattern of paths, of which `*` stands for a part of a name and `**` for folders.
pub(super) fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).build()
}

pub(super) fn all(config: &Config, own: &BTreeSet<String>) -> Vec<String> {
    let mut complaints = Complaints { own, list: Vec::new() };
    complaints.choices("select", &config.select);
    complaints.different("", &config.ignore, &config.severity);
    for (name, different) in &config.environments {
        complaints.different(&format!("environments.{name}."), &different.ignore, &different.severity);
    }
    for (at, different) in config.paths.iter().enumerate() {
        let place = format!("paths[{at}].");
        complaints.different(&place, &different.ignore, &different.severity);
        complaints.patterns(&format!("{place}paths"), &different.paths);
    }
    complaints.list
}

struct Complaints<'o> {
    own: &'o BTreeSet<String>,
    list: Vec<String>,
}

impl Complaints<'_> {
    fn choices<'c>(&mut self, place: &str, choices: impl IntoIterator<Item = &'c Choice>) {
        for choice in choices {
            if let Err(message) = choice.known(self.own) {
                self.list.push(format!("`check.{place}`: {message}"));
            }
        }
    }

    fn different(&mut self, place: &str, ignore: &[Choice], severity: &BTreeMap<Choice, Level>) {
        self.choices(&format!("{place}ignore"), ignore);
        self.choices(&format!("{place}severity"), severity.keys());
    }

    fn patterns(&mut self, place: &str, patterns: &[String]) {
        if patterns.is_empty() {
            self.list.push(format!("`check.{place}` is empty: name files, such as `legacy/**`"));
        }
        for pattern in patterns {
            if let Err(error) = glob(pattern) {
                self.list
                    .push(format!("`check.{place}`: `{pattern}` is no pattern of paths: {}", error.kind()));
            }
        }
    }
}
