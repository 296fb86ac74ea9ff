//! What is listened for, and in which words it is told.

use super::{News, Told, Watched, heard::Heard};
use crate::snapshot::kind::Kind;
use std::sync::Arc;

/// The groups of kinds that every cluster serves.
const BUILT_IN: [&str; 4] = ["", "apps", "batch", "networking.k8s.io"];
/// The kinds of which only little is read. There are many objects of them, and the rest never lies in memory.
const IN_PART: [&str; 3] = ["Namespace", "Node", "Pod"];

/// A kind of object as somebody follows it.
pub(super) trait Ear: Copy + Send + Sync + 'static {
    /// What is told.
    type News: Send + 'static;

    /// What is known of the kind.
    fn kind(self) -> Option<&'static Kind>;
    /// Whether every cluster serves it.
    fn is_built_in(self) -> bool {
        self.kind().is_some_and(|kind| BUILT_IN.contains(&kind.group))
    }
    /// Whether all that is written in an object may matter, or only what is read of namespaces, nodes and pods.
    fn is_whole(self) -> bool {
        self.kind().is_none_or(|kind| !IN_PART.contains(&kind.kind))
    }

    /// All objects of the kind are told from here on.
    fn begins(self) -> Self::News;
    /// All have been told.
    fn ends(self) -> Self::News;
    /// An object is there, or has changed.
    fn put<const WHOLE: bool>(self, kind: &Kind, heard: Heard<WHOLE>) -> Self::News;
    /// An object is no longer there.
    fn gone<const WHOLE: bool>(self, kind: &Kind, heard: Heard<WHOLE>) -> Self::News;
    /// The API server does not tell.
    fn trouble(self, reason: Arc<str>) -> Self::News;
    /// It tells again.
    fn recovered(self) -> Self::News;
}

impl Ear for Watched {
    type News = News;

    fn kind(self) -> Option<&'static Kind> {
        Self::kind(self)
    }

    fn begins(self) -> News {
        News::ListBegins(self)
    }

    fn ends(self) -> News {
        News::ListEnds(self)
    }

    fn put<const WHOLE: bool>(self, kind: &Kind, heard: Heard<WHOLE>) -> News {
        News::Put(self, Box::new(Told::of(kind, self, heard)))
    }

    fn gone<const WHOLE: bool>(self, _: &Kind, heard: Heard<WHOLE>) -> News {
        News::Gone(self, heard.id())
    }

    fn trouble(self, reason: Arc<str>) -> News {
        News::Trouble { kind: self, reason }
    }

    fn recovered(self) -> News {
        News::Recovered(self)
    }
}
