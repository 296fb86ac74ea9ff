//! A catalog to policies.

mod draft;
mod make;
mod words;

pub use draft::{Draft, DraftPeer, DraftRule, Reason, Written};

pub(crate) use make::called;
pub(crate) use words::{comment, list};

use crate::Catalog;

impl Catalog {
    /// The policies of all environments, by namespace and name.
    #[must_use]
    pub fn drafts(&self) -> Vec<Draft> {
        make::all(self)
    }

    /// The policies of one environment, by namespace and name. Where none is named, those of all environments in
    /// one: that is meant for catalogs that have none.
    #[must_use]
    pub fn policies(&self, environment: Option<&str>) -> Vec<Written> {
        self.drafts().iter().filter_map(|draft| draft.written(environment)).collect()
    }
}
