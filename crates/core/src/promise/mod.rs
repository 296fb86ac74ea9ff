//! Promises: sentences about who can reach whom, as people write them beside their policies.
//!
//! A promise is about every pair of ends that its words fit. What no policy can forbid breaks none: a
//! pod that reaches itself (S21), its own node that reaches it (S20), neighbour discovery (S34).
//!
//! [`Around`] tells, of a change in one namespace, what it may break, without a look at everything.
//!
//! [`World::judge`] asks [`Reach`](crate::reach::Reach), class by class; a promise that is broken comes
//! with packets that show it, which [`explain`](crate::explain) explains.

mod around;
mod breach;
mod future;
mod group;
mod judge;
mod meant;
mod near;
mod part;
mod port;
mod question;
mod same;
mod side;
mod world;

pub use around::Around;
pub use breach::{Breach, MAX_BREACHES, Party};
pub use group::{Group, Members};
pub use judge::{Judgement, State};
pub use port::PromisedPort;
pub use same::Same;
pub use world::World;

use crate::object::Origin;
use std::{fmt, sync::Arc};

/// What a promise says of its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// Each of `who` can reach each of `whom`, on all of the ports.
    Can,
    /// None of `who` can reach any of `whom`, on any of the ports.
    Cannot,
    /// Nobody but `who` can reach any of `whom`, on any of the ports. Whether `who` can is not said.
    OnlyWho,
    /// None of `who` can reach anybody but `whom`, on any of the ports. Whether they can is not said.
    OnlyWhom,
}

/// A promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What people call it.
    pub name: Arc<str>,
    /// Why it was given, for whoever breaks it.
    pub because: Option<Arc<str>>,
    /// Who opens connections: any of these.
    pub who: Vec<Arc<Group>>,
    /// What is said.
    pub claim: Claim,
    /// To whom: any of these.
    pub whom: Vec<Arc<Group>>,
    /// On which ports; empty for any traffic at all, which [`Claim::Can`] never has.
    pub ports: Vec<PromisedPort>,
    /// What the two sides have in common, where only such pairs are meant.
    pub same: Option<Same>,
    /// Whether it is kept where there is nothing that it could be about.
    pub may_match_nothing: bool,
    /// Where it was written.
    pub origin: Origin,
}

impl fmt::Display for Promise {
    /// The promise as a sentence, made of what was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |groups: &[Arc<Group>]| groups.iter().map(|group| &*group.name).collect::<Vec<&str>>().join(", ");
        let (who, whom) = (list(&self.who), list(&self.whom));
        match self.claim {
            Claim::Can => write!(f, "{who} can reach {whom}")?,
            Claim::Cannot => write!(f, "{who} cannot reach {whom}")?,
            Claim::OnlyWho => write!(f, "only {who} can reach {whom}")?,
            Claim::OnlyWhom => write!(f, "{who} can reach only {whom}")?,
        }
        if let Some(same) = &self.same {
            write!(f, " with the same {same}")?;
        }
        if !self.ports.is_empty() {
            let ports: Vec<String> = self.ports.iter().map(ToString::to_string).collect();
            write!(f, " on {}", ports.join(", "))?;
        }
        Ok(())
    }
}
