//! What is wrong with a catalog.

use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::Origin,
};

/// Findings, gathered.
#[derive(Debug, Default)]
pub(super) struct Tell(Vec<Diagnostic>);

impl Tell {
    pub(super) fn error(&mut self, code: &'static str, origin: &Origin, message: impl Into<String>) {
        self.push(Diagnostic::new(Severity::Error, code, message, origin.clone()));
    }

    pub(super) fn error_help(
        &mut self,
        code: &'static str,
        origin: &Origin,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Diagnostic::new(Severity::Error, code, message, origin.clone()).with_help(help));
    }

    /// Nothing of this kind is called `name`; one of `names` may be meant.
    pub(super) fn unknown<'n>(
        &mut self,
        kind: &str,
        name: &str,
        names: impl Iterator<Item = &'n str>,
        origin: &Origin,
    ) {
        let names: Vec<&str> = names.collect();
        let help = match sekisho_core::near::nearest(name, names.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if names.is_empty() => format!("there is no {kind} yet"),
            None => {
                let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("there are {}", all.join(", "))
            }
        };
        self.error_help("unknown-name", origin, format!("no {kind} is called `{name}`"), help);
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        Diagnostic::sort(&mut self.0);
        self.0
    }
}
