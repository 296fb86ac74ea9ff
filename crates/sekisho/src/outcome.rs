//! What the exit status says.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Allowed; it holds; nothing was found.
    Holds,
    /// Denied; it does not hold; something was found.
    DoesNotHold,
    /// The question could not be answered.
    CouldNot,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Holds => Self::SUCCESS,
            Outcome::DoesNotHold => Self::from(1),
            Outcome::CouldNot => Self::from(2),
        }
    }
}
