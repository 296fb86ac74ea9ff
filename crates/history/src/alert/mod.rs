//! What people are told of what flows: what is new, what a change of policies has closed, and what only passes for a
//! time.
//!
//! A [`Watch`] decides. It is handed flows as they come, in order, and the cluster before and after a change of policies, and is told the
//! time. Each thing is told once, and once that it is over:
//!
//! - [`Name::NewDenial`]: something is denied that was not denied for many days. Over when it is quiet.
//! - [`Name::WouldBreak`]: policies were changed, and something that flowed does not pass any more. Known at once, before anybody
//!   tries it again. Over when it is tried, when another change lets it pass, or when nobody has for many days.
//! - [`Name::PredictedDenial`]: it was tried, and denied: told with the change that closed it. Over when it is quiet, or another change
//!   lets it pass.
//! - [`Name::OnlyByException`]: something flows that only a temporary exception lets pass. Over when it no longer does.
//!
//! What is told has labels, by which it is known again from one run of the program to the next ([`Alert::fingerprint`]).
//!
//! INVARIANT: to decide is pure; memory is bounded by [`Limits`], whatever flows, and what finds no room is
//! counted ([`Watch::untold`]).

mod cause;
mod except;
mod notify;
mod predict;
mod send;
#[cfg(test)]
mod tests;
mod text;
mod watch;
mod words;

pub use except::{Leaning, leaning};
pub use notify::{MOST, Notifier, Told};
pub use predict::{Broken, State, broken, changed};
pub use send::{Receiver, SendError, Sender};
pub use text::{alertmanager, webhook};
pub use watch::{Limits, Watch};

use sekisho_flow::Timestamp;
use std::{collections::BTreeMap, fmt};

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Something is denied that was not for many days.
    NewDenial,
    /// A change of policies closed what flowed.
    WouldBreak,
    /// What a change of policies closed was tried, and denied.
    PredictedDenial,
    /// Something flows that only a temporary exception lets pass.
    OnlyByException,
}

impl Name {
    /// How bad it is, as alerts commonly say it.
    #[must_use]
    pub fn severity(self) -> &'static str {
        match self {
            Self::PredictedDenial => "critical",
            Self::NewDenial | Self::WouldBreak => "warning",
            Self::OnlyByException => "info",
        }
    }
}

impl fmt::Display for Name {
    /// The value of `alertname`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewDenial => "SekishoNewDenial",
            Self::WouldBreak => "SekishoWouldBreak",
            Self::PredictedDenial => "SekishoPredictedDenial",
            Self::OnlyByException => "SekishoOnlyByException",
        })
    }
}

/// Something that people are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What kind of thing.
    pub name: Name,
    /// What tells it from others of its kind; `alertname` and `severity` are among them.
    pub labels: BTreeMap<&'static str, String>,
    /// A sentence.
    pub summary: String,
    /// The rest that is known.
    pub description: String,
    /// Since when.
    pub starts: Timestamp,
    /// Since when it is over, where it is.
    pub ends: Option<Timestamp>,
}

impl Alert {
    fn new<const N: usize>(name: Name, labels: [(&'static str, String); N], starts: Timestamp) -> Self {
        let mut labels = BTreeMap::from(labels);
        labels.retain(|_, value| !value.is_empty());
        labels.insert("alertname", name.to_string());
        labels.insert("severity", name.severity().to_owned());
        Self { name, labels, summary: String::new(), description: String::new(), starts, ends: None }
    }

    /// The same for alerts of the same labels, in every run of the program: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        // With what no label has between them, so that no two ways of writing meet.
        let parts = self.labels.iter().flat_map(|(key, value)| [key, "\u{1}", value.as_str(), "\u{2}"]);
        format!("{:016x}", crate::keys::fnv(parts.flat_map(str::bytes)))
    }
}
