//! What is to be done, and what there is to say.

use sekisho_core::{index::Input, object::Change};
use sekisho_k8s::watch::{Id, Watched};

/// What is to be done to the index of what is enforced, and to the one that has staged policies, too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    /// What changes for what is enforced.
    pub(crate) enforced: Vec<Input>,
    /// What changes beside it for policies that are only tried.
    pub(crate) staged: Vec<Input>,
    /// How policies are written that came, changed or went: for whoever explains what they deny.
    pub(crate) written: Vec<Written>,
    /// What there is to say about policies, by kind and name.
    pub(crate) remarks: Vec<Remark>,
}

/// How a policy is written now, or that it went.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// What came of it.
    pub(crate) change: Change,
    /// Whether it is only tried.
    pub(crate) is_staged: bool,
}

/// A policy that is not honoured as it is written, or is again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Its kind.
    pub(crate) kind: Watched,
    /// Which one.
    pub(crate) id: Id,
    /// What is wrong; nothing where it is well again.
    pub(crate) reasons: Vec<String>,
    /// What is enforced instead.
    pub(crate) instead: Instead,
}

impl Remark {
    /// Whether it is well again.
    pub(crate) fn is_well(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What is enforced of a policy that cannot be read (S44).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// It, as it is written.
    Itself,
    /// The last version that could be read.
    LastGood,
    /// Nothing passes to and from what it selects.
    Closed,
    /// Nothing: not even what it selects can be read.
    Nothing,
}

impl Instead {
    /// What is enforced, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Itself => "it is enforced as it is written",
            Self::LastGood => "its last version that could be read is enforced",
            Self::Closed => "nothing passes to and from what it selects",
            Self::Nothing => "not even what it selects can be read, and it is not enforced",
        }
    }
}

impl Steps {
    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.enforced.is_empty() && self.staged.is_empty()
    }

    pub(super) fn both(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.staged.push(change.clone().into());
            self.enforced.push(change.into());
        }
    }
}
