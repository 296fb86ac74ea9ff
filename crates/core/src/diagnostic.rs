//! What there is to say about a text, as values: by those who read it, and by those who look for mistakes. How it
//! looks is the affair of whoever shows it.

use crate::{mend::Mend, object::Origin};
use std::borrow::Cow;

/// The longest text of a finding, in bytes. Texts quote what was written, which may be of any length.
const MAX_TEXT: usize = 1_000;

/// `text`, cut where it is too long to be read.
fn clip(text: impl Into<String>) -> String {
    let mut text: String = text.into();
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.shrink_to_fit();
        text.push_str("...");
    }
    text
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The API server would refuse it; the object is left out (S43).
    Error,
    /// It is read, but probably not as it was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// Another place that has to do with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The place.
    pub origin: Origin,
    /// What about it.
    pub message: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its kind, in kebab-case: a name to search for that stays the same between versions.
    pub code: Cow<'static, str>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where it is.
    pub origin: Origin,
    /// Other places that have to do with it.
    pub labels: Vec<Label>,
    /// What to change, where a program can.
    pub mend: Option<Mend>,
}

impl Diagnostic {
    /// A finding at `origin`.
    #[must_use]
    pub fn new(
        severity: Severity,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        origin: Origin,
    ) -> Self {
        Self {
            severity,
            code: code.into(),
            message: clip(message),
            help: None,
            origin,
            labels: Vec::new(),
            mend: None,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(clip(help));
        self
    }

    /// The same with a change that mends it.
    #[must_use]
    pub fn with_mend(mut self, mend: Mend) -> Self {
        self.mend = Some(mend);
        self
    }

    /// The same with another place.
    #[must_use]
    pub fn with_label(mut self, origin: Origin, message: impl Into<String>) -> Self {
        self.labels.push(Label { origin, message: message.into() });
        self
    }

    /// Sorts by source and position, then by severity and text.
    pub fn sort(diagnostics: &mut [Self]) {
        diagnostics.sort_by(|a, b| {
            let key = |d: &Self| (d.origin.clone(), d.severity, d.code.clone());
            key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
        });
    }
}
