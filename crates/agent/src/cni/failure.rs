//! What is told instead of a result.

use super::version::Version;
use serde::Serialize;

/// What went wrong, by the numbers of the specification; from 100 on they are our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// The configuration is of a version that is not spoken, or too old for what is asked.
    Version = 1,
    /// A variable of the environment is missing or makes no sense.
    Environment = 4,
    /// The configuration could not be read.
    Input = 5,
    /// The configuration is not JSON of the right types.
    Decode = 6,
    /// The configuration makes no sense.
    Config = 7,
    /// It may work later.
    Later = 11,
    /// No pod can be added now; those that are there are well.
    NotAvailable = 50,
    /// Plugin and agent do not understand each other.
    Agent = 100,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Its number.
    pub(super) code: Code,
    /// In a line.
    pub(super) message: String,
    /// What to do about it; may be empty.
    pub(super) details: String,
}

/// As the specification has it.
#[derive(Debug, Serialize)]
struct Written<'a> {
    #[serde(rename = "cniVersion")]
    version: &'a str,
    code: u32,
    msg: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    details: &'a str,
}

impl Failure {
    /// With nothing to do about it but what the message says.
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: String::new() }
    }

    /// With what to do about it.
    pub(super) fn with_details(self, details: impl Into<String>) -> Self {
        Self { details: details.into(), ..self }
    }

    /// The object that is printed.
    pub(super) fn json(&self, version: Version) -> String {
        let (msg, details) = (self.message.as_str(), self.details.as_str());
        let written = Written { version: version.name(), code: self.code as u32, msg, details };
        // INVARIANT: numbers and strings are always written.
        serde_json::to_string(&written).unwrap_or_default() + "\n"
    }
}
