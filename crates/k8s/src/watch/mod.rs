//! The objects of a live cluster that policies depend on, and all that becomes of them.
//!
//! Each kind is listed and then watched; what is heard is [`News`], in the order in which the API server
//! tells it within a kind. Between kinds there is no order: a policy may be heard of before its
//! namespace. Only what policies depend on is kept of an object.

mod agents;
mod announce;
mod ear;
mod heard;
mod keep;
mod mirror;
mod object;
pub mod report;
mod review;
mod stream;

pub use agents::{Agent, Agents};
pub use announce::{Announcement, Announcer};
pub use keep::{Keeper, Kept};
pub use mirror::{Mirrored, mirrored};
pub use object::{Id, MIRROR, Object, Told, Unread};
pub use review::{Review, Reviewer};

use crate::{
    live::{Access, LiveError, connect},
    snapshot::kind::{KINDS, Kind},
};
use std::{fmt, sync::Arc};
use tokio::{sync::mpsc::Sender, task::JoinSet};

/// A kind of object that policies depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watched {
    /// Namespaces.
    Namespace,
    /// Nodes.
    Node,
    /// Pods.
    Pod,
    /// NetworkPolicies.
    NetworkPolicy,
    /// ClusterNetworkPolicies, where they are served.
    ClusterNetworkPolicy,
    /// AdminNetworkPolicies, where they are served.
    AdminNetworkPolicy,
    /// BaselineAdminNetworkPolicies, where they are served.
    BaselineAdminNetworkPolicy,
}

impl Watched {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Namespace,
        Self::Node,
        Self::Pod,
        Self::NetworkPolicy,
        Self::ClusterNetworkPolicy,
        Self::AdminNetworkPolicy,
        Self::BaselineAdminNetworkPolicy,
    ];

    /// The kind as its objects write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Node => "Node",
            Self::Pod => "Pod",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::ClusterNetworkPolicy => "ClusterNetworkPolicy",
            Self::AdminNetworkPolicy => "AdminNetworkPolicy",
            Self::BaselineAdminNetworkPolicy => "BaselineAdminNetworkPolicy",
        }
    }

    /// What is known of the kind.
    fn kind(self) -> Option<&'static Kind> {
        KINDS.iter().find(|known| known.kind == self.name())
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was heard of a cluster.
#[derive(Clone, Debug)]
pub enum News {
    /// All objects of a kind are told from here on; those that are not told until [`Self::ListEnds`] are
    /// no longer there. A list that is broken off begins anew.
    ListBegins(Watched),
    /// All have been told.
    ListEnds(Watched),
    /// An object is there, or has changed.
    Put(Watched, Box<Told>),
    /// An object is no longer there.
    Gone(Watched, Id),
    /// The API server does not tell; it is asked again. What was told stays true as far as anybody knows.
    Trouble {
        /// What it was asked for.
        kind: Watched,
        /// Why it does not tell.
        reason: Arc<str>,
    },
    /// It tells again, after trouble.
    Recovered(Watched),
}

/// A connection to a cluster whose objects are watched.
#[derive(Clone)]
pub struct Watching {
    client: kube::Client,
}

impl fmt::Debug for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watching").finish_non_exhaustive()
    }
}

impl Watching {
    /// Makes ready to watch; no packet is sent yet. Of `access` the time limit does not count.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub async fn prepare(access: &Access) -> Result<Self, LiveError> {
        Ok(Self { client: connect::watching(access).await? })
    }

    /// Somebody who says things about objects, as `controller` on `instance`: all that is written to a
    /// cluster.
    #[must_use]
    pub fn announcer(&self, controller: &str, instance: &str) -> Announcer {
        Announcer::new(self.client.clone(), controller, instance)
    }

    /// Tells everything that is heard, until `into` is closed.
    pub async fn follow<T>(self, into: Sender<T>)
    where
        T: From<News> + Send + 'static,
    {
        let mut streams = JoinSet::new();
        for kind in Watched::ALL {
            streams.spawn(stream::follow(self.client.clone(), kind, into.clone()));
        }
        while streams.join_next().await.is_some() {}
    }

    /// Tells everything that is read of a cluster, object by object as texts, until `into` is closed.
    pub async fn mirror<T>(self, into: Sender<T>)
    where
        T: From<Mirrored> + Send + 'static,
    {
        let mut streams = JoinSet::new();
        for kind in KINDS {
            streams.spawn(stream::follow(self.client.clone(), mirror::Mirror(kind), into.clone()));
        }
        while streams.join_next().await.is_some() {}
    }
}
