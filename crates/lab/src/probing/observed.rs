//! What happened to a probe.

use sekisho_core::verdict::Decision;
use std::{fmt, sync::Arc};

/// What happened to a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It arrived, and its receiver answered, with its name where it has one.
    Answered(Option<Arc<str>>),
    /// It arrived, and its receiver refused it: nobody listens there.
    Refused,
    /// It arrived, and nothing came back.
    Arrived,
    /// It did not arrive, and something on the way refused it.
    Rejected,
    /// It did not arrive, and nothing came back.
    Silent,
    /// It could not be sent.
    Failed(Arc<str>),
}

impl Observed {
    /// What the kernel decided; `None` when that cannot be told.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        match self {
            Self::Answered(_) | Self::Refused | Self::Arrived => Some(Decision::Allow),
            Self::Rejected | Self::Silent => Some(Decision::Deny),
            Self::Failed(_) => None,
        }
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(Some(name)) => write!(f, "answered by {name}"),
            Self::Answered(None) => f.write_str("answered"),
            Self::Refused => f.write_str("arrived, and nobody listens there"),
            Self::Arrived => f.write_str("arrived, but no answer came back"),
            Self::Rejected => f.write_str("refused on the way"),
            Self::Silent => f.write_str("did not arrive"),
            Self::Failed(why) => write!(f, "could not be sent: {why}"),
        }
    }
}
