//! Whom two openings speak of together, and which of two says more.

use super::{
    Future, Opening, Place,
    future::{Namespaces, can_be_called, to_make},
};
use crate::object::LabelSelector;
use std::{collections::BTreeSet, sync::Arc};

impl Opening {
    /// Whether everybody whom this speaks of is spoken of by `other`.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Namespace(_) | Self::Future(_), Self::Cluster) => true,
            (Self::Future(future), Self::Namespace(name)) => match &future.place {
                Place::Namespaces(names) => names.iter().all(|one| one == name),
                Place::Missing(_) | Place::Labelled(_) => false,
            },
            (Self::Future(one), Self::Future(other)) => one.is_within(other),
            _ => self == other,
        }
    }
}

impl Future {
    fn is_within(&self, other: &Self) -> bool {
        let place = match (&self.place, &other.place) {
            (Place::Namespaces(names), Place::Namespaces(others))
            | (Place::Missing(names), Place::Missing(others)) => names.is_subset(others),
            (Place::Labelled(one), Place::Labelled(other)) => one.implies(other),
            _ => false,
        };
        place && self.pods.implies(&other.pods)
    }
}

impl Namespaces<'_> {
    /// Those whom both openings of pods speak of, and of whom there is something to say: whole namespaces,
    /// and who is not there yet.
    pub(super) fn both(&self, one: &Opening, other: &Opening) -> Vec<Opening> {
        match (one, other) {
            (Opening::Cluster, both) | (both, Opening::Cluster) => vec![both.clone()],
            (Opening::Namespace(a), Opening::Namespace(b)) => {
                (a == b).then(|| one.clone()).into_iter().collect()
            }
            (Opening::Namespace(name), Opening::Future(future))
            | (Opening::Future(future), Opening::Namespace(name)) => {
                let place = self.place(&Place::Namespaces([Arc::clone(name)].into()), &future.place);
                self.to_come(place, future.pods.clone()).into_iter().collect()
            }
            (Opening::Future(a), Opening::Future(b)) => {
                let place = self.place(&a.place, &b.place);
                self.to_come(place, a.pods.and(&b.pods)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Where both places are; `None` where nothing can be.
    fn place(&self, one: &Place, other: &Place) -> Option<Place> {
        let some = |names: BTreeSet<Arc<str>>| (!names.is_empty()).then_some(names);
        match (one, other) {
            (Place::Namespaces(a), Place::Namespaces(b)) => some(a & b).map(Place::Namespaces),
            (Place::Missing(a), Place::Missing(b)) => some(a & b).map(Place::Missing),
            (Place::Namespaces(_), Place::Missing(_)) | (Place::Missing(_), Place::Namespaces(_)) => None,
            (Place::Namespaces(names), Place::Labelled(selector))
            | (Place::Labelled(selector), Place::Namespaces(names)) => {
                some(names & &self.matching(selector)).map(Place::Namespaces)
            }
            (Place::Missing(names), Place::Labelled(selector))
            | (Place::Labelled(selector), Place::Missing(names)) => {
                let can_be = |name: &&Arc<str>| can_be_called(selector, name);
                to_make(names.iter().filter(can_be).cloned().collect(), selector)
            }
            (Place::Labelled(a), Place::Labelled(b)) => {
                let both = a.and(b);
                both.fewest().is_some().then_some(Place::Labelled(both))
            }
        }
    }

    /// Pods of a place with these labels. Those that are there already are no finding.
    fn to_come(&self, place: Option<Place>, pods: LabelSelector) -> Option<Opening> {
        let place = place?;
        pods.fewest()?;
        let matches_today = match &place {
            Place::Namespaces(names) => self.has_pods(names.iter(), &pods),
            Place::Missing(_) => false,
            Place::Labelled(selector) => self.has_pods(self.matching(selector).iter(), &pods),
        };
        let is_told = !matches_today || matches!(place, Place::Labelled(_));
        is_told.then_some(Opening::Future(Future { place, pods, matches_today }))
    }
}
