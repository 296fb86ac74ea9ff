//! How a text is to be changed so that something is no longer wrong with it.
//!
//! An [`Edit`] says what is to be different in the words of policies; who knows what manifests look like makes it a
//! change of the text, and keeps comments and formatting.

use crate::{
    object::{Direction, Origin, PeerKind, PortMatch, Rule},
    set::Protocol,
};
use std::{collections::BTreeSet, sync::Arc};

/// What a mend does to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Touches {
    /// No connection is decided otherwise, whatever pods there are.
    Nothing,
    /// Connections may open or close.
    Connections,
}

/// A change that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// What it does, as an order: `` write `10.0.0.0/8` ``.
    pub title: String,
    /// What it does to connections.
    pub touches: Touches,
    /// The changes, which belong together.
    pub edits: Vec<Edit>,
}

impl Mend {
    /// A mend that changes no connection.
    #[must_use]
    pub fn safe(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Self {
        Self { title: title.into(), touches: Touches::Nothing, edits: edits.into() }
    }

    /// A mend that may open or close connections.
    #[must_use]
    pub fn risky(title: impl Into<String>, edits: impl Into<Vec<Edit>>) -> Self {
        Self { title: title.into(), touches: Touches::Connections, edits: edits.into() }
    }
}

/// One change of a text. Each names the place of what it changes, as the reader told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The entry of a list, or the whole object, that stands here goes, with the comment that is its own.
    Remove(Origin),
    /// The comment that stands here goes, with its line where it has one to itself.
    Comment(Origin),
    /// Other words stand in place of those here: of a value or a key.
    Text {
        /// The place of the words, to their last.
        at: Origin,
        /// The new ones, not yet quoted.
        with: String,
    },
    /// The peer that stands here gives way to these.
    Peers {
        /// The place of the entry of `from` or `to`.
        at: Origin,
        /// What to write instead; never nothing.
        with: Vec<PeerKind>,
    },
    /// The port that stands here gives way to these.
    Ports {
        /// The place of the entry of `ports`.
        at: Origin,
        /// What to write instead; never nothing.
        with: Vec<(Protocol, PortMatch)>,
    },
    /// Two entries of a list that follow each other become one, which has the fields of both.
    Join {
        /// The place of the first.
        first: Origin,
        /// The place of the second.
        second: Origin,
    },
    /// A rule is added behind the others of its direction.
    AddRule {
        /// The place of the policy.
        policy: Origin,
        /// The direction.
        direction: Direction,
        /// The rule; where it comes from is not looked at.
        rule: Rule,
    },
    /// `policyTypes` says these.
    Types {
        /// The place of the policy.
        policy: Origin,
        /// The directions.
        types: BTreeSet<Direction>,
    },
    /// `matchLabels` of a selector has another value, or key, for one of its labels.
    Label {
        /// The place of the policy, for its `podSelector`, or of a peer.
        at: Origin,
        /// The label as it stands there.
        from: (Arc<str>, Arc<str>),
        /// And as it should.
        to: (Arc<str>, Arc<str>),
    },
    /// The policy lies in another namespace.
    Namespace {
        /// The place of the policy.
        policy: Origin,
        /// The namespace.
        to: Arc<str>,
    },
}

impl Edit {
    /// The place that is changed.
    #[must_use]
    pub fn place(&self) -> &Origin {
        match self {
            Self::Remove(at)
            | Self::Comment(at)
            | Self::Text { at, .. }
            | Self::Peers { at, .. }
            | Self::Ports { at, .. }
            | Self::Label { at, .. }
            | Self::Join { first: at, .. } => at,
            Self::AddRule { policy, .. } | Self::Types { policy, .. } | Self::Namespace { policy, .. } => {
                policy
            }
        }
    }
}
