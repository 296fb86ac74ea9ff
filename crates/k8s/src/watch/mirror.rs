//! Everything that is read of a cluster, followed as texts: one for each object, as a snapshot has it, which the one
//! reader then reads.

use super::{ear::Ear, heard::Heard};
use crate::snapshot::{
    Piece,
    kind::{KINDS, Kind},
};
use std::sync::Arc;

/// What was heard of the texts of a cluster. Kinds are told by the plural of their name, `networkpolicies`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirrored {
    /// All objects of a kind are told from here on; those that are not told until [`Self::ListEnds`] are
    /// no longer there. A list that is broken off begins anew.
    ListBegins(&'static str),
    /// All have been told. Of a kind that the cluster does not serve there are none.
    ListEnds(&'static str),
    /// An object is there, or has changed.
    Put(Piece),
    /// An object is no longer there, or nothing depends on it any more. The text is empty.
    Gone(Piece),
    /// The API server does not tell of a kind, for this reason; it is asked again.
    Trouble(&'static str, Arc<str>),
    /// It tells again, after trouble.
    Recovered(&'static str),
}

/// The kinds that are told, by the plural of their names.
pub fn mirrored() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.plural)
}

/// All objects of a kind, as texts.
#[derive(Clone, Copy)]
pub(super) struct Mirror(pub(super) &'static Kind);

impl Ear for Mirror {
    type News = Mirrored;

    fn kind(self) -> Option<&'static Kind> {
        Some(self.0)
    }

    fn begins(self) -> Mirrored {
        Mirrored::ListBegins(self.0.plural)
    }

    fn ends(self) -> Mirrored {
        Mirrored::ListEnds(self.0.plural)
    }

    fn put<const WHOLE: bool>(self, kind: &Kind, heard: Heard<WHOLE>) -> Mirrored {
        let gone = Piece::gone(kind, &heard.id().key);
        match Piece::of(heard.whole(kind)) {
            Some(piece) => Mirrored::Put(piece),
            None => Mirrored::Gone(gone),
        }
    }

    fn gone<const WHOLE: bool>(self, kind: &Kind, heard: Heard<WHOLE>) -> Mirrored {
        Mirrored::Gone(Piece::gone(kind, &heard.id().key))
    }

    fn trouble(self, reason: Arc<str>) -> Mirrored {
        Mirrored::Trouble(self.0.plural, reason)
    }

    fn recovered(self) -> Mirrored {
        Mirrored::Recovered(self.0.plural)
    }
}
