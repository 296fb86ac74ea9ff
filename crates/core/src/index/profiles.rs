//! The profiles of all pods at once.

use super::{Index, PodId, PodSelectorKey, ProfileKey, selectors::Selector};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// The policies that select each pod. Pods that the same policies select share one profile.
#[derive(Debug)]
pub(crate) struct Profiles {
    of_pod: Vec<u32>,
    list: Vec<ProfileKey>,
}

impl Profiles {
    /// The profile of the pod with this number.
    pub(crate) fn of(&self, pod: PodId) -> Option<&ProfileKey> {
        self.get(self.number_of(pod)?)
    }

    /// The number of that profile. Equal profiles have equal numbers.
    pub(crate) fn number_of(&self, pod: PodId) -> Option<u32> {
        self.of_pod.get(pod as usize).copied()
    }

    /// The profiles by number.
    pub(crate) fn all(&self) -> impl Iterator<Item = &ProfileKey> {
        self.list.iter()
    }

    /// The profile with this number.
    pub(crate) fn get(&self, number: u32) -> Option<&ProfileKey> {
        self.list.get(number as usize)
    }
}

/// For each of so many pods the numbers of the sets that it is in, ascending; sets are numbered as they come.
pub(crate) fn memberships<'s>(sets: impl Iterator<Item = &'s RoaringBitmap>, pods: usize) -> Vec<Vec<u32>> {
    let mut memberships: Vec<Vec<u32>> = vec![Vec::new(); pods];
    for (number, set) in (0..).zip(sets) {
        for id in set {
            if let Some(of_pod) = memberships.get_mut(id as usize) {
                of_pod.push(number);
            }
        }
    }
    memberships
}

impl Index {
    /// The profile of every pod.
    pub(crate) fn profiles(&self) -> Profiles {
        self.profiles_among(|_| true)
    }

    /// The same of those policies alone whose subjects are asked for.
    pub(crate) fn profiles_among(&self, is_asked: impl Fn(&PodSelectorKey) -> bool) -> Profiles {
        let selectors = self.selectors.with_subjects().filter(|selector| is_asked(&selector.key));
        let selectors: Vec<&Selector> = selectors.collect();
        let pods = self.pods.all().max().map_or(0, |last| last as usize + 1);
        let selecting = memberships(selectors.iter().map(|selector| &selector.pods), pods);
        let (mut known, mut list) = (HashMap::<Vec<u32>, u32>::new(), Vec::new());
        // Other selectors may select for the same policies.
        let mut equal: BTreeMap<ProfileKey, u32> = BTreeMap::new();
        let mut number = |numbers: &Vec<u32>| -> u32 {
            let selectors = numbers.iter().filter_map(|number| selectors.get(*number as usize));
            let policies = selectors.flat_map(|selector| &selector.subjects_of).cloned();
            let profile: ProfileKey = Arc::new(policies.collect());
            *equal.entry(profile).or_insert_with_key(|profile| {
                list.push(Arc::clone(profile));
                // INVARIANT: there are no more profiles than pods, of which there are fewer than 2^32.
                u32::try_from(list.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let numbered = |numbers| *known.entry(numbers).or_insert_with_key(&mut number);
        let of_pod = selecting.into_iter().map(numbered).collect();
        Profiles { of_pod, list }
    }
}
