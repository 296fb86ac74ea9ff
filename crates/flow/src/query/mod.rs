//! Which flows are asked for: of a file, of those who keep what was told, of what is told just now.
//!
//! A [`Query`] means the same to all of them. As text it is the parameters of a URL: what is given more
//! than once means any of it, and what is not given leaves nothing out.
//!
//! | parameter | meaning |
//! |---|---|
//! | `from` | who opens the connections, a [`FlowEnd`] |
//! | `to` | whom they are opened to |
//! | `port` | what they carry, as [`Carried`] is written |
//! | `outcome` | `allowed`, `denied` or `audited` |
//! | `since` | a moment, or so long before `until`: [`Since`] |
//! | `until` | a moment, and now where it is not given |

mod end;
mod period;
mod text;

pub use end::{FlowEnd, FlowEndError};
pub use period::{Period, Since, SinceError};
pub use text::QueryError;

use crate::record::{Carried, End, Flow, Key, Outcome};
use std::collections::BTreeSet;

/// Which flows are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Who opens the connections: any of these; anybody, where there are none.
    pub from: Vec<FlowEnd>,
    /// Whom they are opened to: any of these; anybody, where there are none.
    pub to: Vec<FlowEnd>,
    /// What they carry: any of these; anything, where there are none.
    pub carried: Vec<Carried>,
    /// What became of them: any of these; anything, where there are none.
    pub outcomes: BTreeSet<Outcome>,
    /// When they were seen.
    pub period: Period,
}

impl Query {
    /// Whether it asks for this flow.
    #[must_use]
    pub fn is(&self, flow: &Flow) -> bool {
        self.period.has(&flow.seen) && self.is_key(&flow.key)
    }

    /// Whether it asks for flows of this key, of some time.
    #[must_use]
    pub fn is_key(&self, key: &Key) -> bool {
        let any = |ends: &[FlowEnd], end: &End| ends.is_empty() || ends.iter().any(|asked| asked.is(end));
        any(&self.from, &key.from)
            && any(&self.to, &key.to)
            && (self.outcomes.is_empty() || self.outcomes.contains(&key.outcome))
            && (self.carried.is_empty() || self.carried.iter().any(|asked| key.carried.is_of(*asked)))
    }
}
