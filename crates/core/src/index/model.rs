//! Everything that an index tells a dataplane, as one comparable value.

use super::{Index, Member, PolicyKey, PolicyRules, ProfileKey, SetKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// The whole of what an index permits. Two indexes with equal models police alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The policies, compiled.
    pub policies: BTreeMap<PolicyKey, Arc<PolicyRules>>,
    /// The members of each set that some policy uses.
    pub sets: BTreeMap<SetKey, BTreeSet<Member>>,
    /// The profiles of each address on each node.
    pub endpoints: BTreeMap<(Arc<str>, IpAddr), BTreeSet<ProfileKey>>,
}

impl Index {
    /// The model as it is now. Costs as much as there is: for tests and for comparing.
    #[must_use]
    pub fn model(&self) -> Model {
        let policies: BTreeMap<_, _> =
            self.policies.iter().map(|(key, rules)| (key.clone(), Arc::clone(rules))).collect();
        let sets: BTreeSet<SetKey> = policies.values().flat_map(|policy| policy.sets()).collect();
        let sets = sets.into_iter().map(|set| (set.clone(), self.members(&set))).collect();
        let endpoints = self.nodes_with_endpoints().flat_map(|node| {
            self.endpoints(node).map(|(address, profiles)| ((Arc::clone(node), address), profiles.clone()))
        });
        Model { policies, sets, endpoints: endpoints.collect() }
    }
}
