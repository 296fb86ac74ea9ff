//! Whose side of a connection is on this node.

use sekisho_core::object::{Change, PodUid};
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

/// The addresses of this node's pods that policies see.
#[derive(Debug, Default)]
pub(super) struct Local {
    of: HashMap<PodUid, BTreeSet<IpAddr>>,
    /// How many pods bear one: for a moment it may be two (S26).
    bearers: HashMap<IpAddr, usize>,
}

impl Local {
    /// Takes in a change of the cluster, and tells of which addresses the bearer is another by now, or was one who went.
    pub(super) fn apply(&mut self, node: &str, change: &Change) -> Vec<IpAddr> {
        let (uid, now) = match change {
            Change::PutPod(pod) => {
                let is_here = pod.node.as_deref() == Some(node) && pod.is_policed();
                (&pod.uid, is_here.then(|| pod.addresses.clone()))
            }
            Change::RemovePod(uid) => (uid, None),
            _ => return Vec::new(),
        };
        let after = now.clone().unwrap_or_default();
        let before = match now {
            Some(now) => {
                now.iter().for_each(|address| *self.bearers.entry(*address).or_default() += 1);
                self.of.insert(uid.clone(), now)
            }
            None => self.of.remove(uid),
        };
        let before = before.unwrap_or_default();
        for address in &before {
            if let Some(bearers) = self.bearers.get_mut(address) {
                *bearers -= 1;
                if *bearers == 0 {
                    self.bearers.remove(address);
                }
            }
        }
        before.symmetric_difference(&after).copied().collect()
    }

    /// Whether it is the address of one.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.bearers.contains_key(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::object::{ObjectKey, Pod};

    fn pod(uid: &str, node: &str, addresses: &[&str]) -> Change {
        let mut pod = Pod::new(ObjectKey::new("shop", uid));
        (pod.uid, pod.node) = (PodUid(uid.into()), Some(node.into()));
        pod.addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Change::PutPod(pod.into())
    }

    #[test]
    fn whose_bearer_is_another_is_told() {
        let mut local = Local::default();
        let mut changed = |change: Change| {
            let changed = local.apply("here", &change);
            changed.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(changed(pod("a", "here", &["10.0.0.1"])), ["10.0.0.1"]);
        assert_eq!(changed(pod("a", "here", &["10.0.0.1"])), [""; 0]);
        assert_eq!(changed(pod("b", "here", &["10.0.0.1", "10.0.0.2"])), ["10.0.0.1", "10.0.0.2"]);
        assert_eq!(changed(pod("far", "there", &["10.0.0.3"])), [""; 0]);
        assert_eq!(changed(Change::RemovePod(PodUid("b".into()))), ["10.0.0.1", "10.0.0.2"]);
    }

    #[test]
    fn an_address_is_local_while_a_pod_here_bears_it() {
        let mut local = Local::default();
        let mut after = |change: Change| {
            local.apply("here", &change);
            ["10.0.0.1", "10.0.0.2"].map(|address| local.has(address.parse().unwrap()))
        };
        assert_eq!(after(pod("a", "here", &["10.0.0.1"])), [true, false]);
        assert_eq!(after(pod("far", "there", &["10.0.0.2"])), [true, false]);
        assert_eq!(after(pod("a", "here", &["10.0.0.1", "10.0.0.2"])), [true, true]);
        assert_eq!(after(pod("b", "here", &["10.0.0.1"])), [true, true]);
        assert_eq!(after(Change::RemovePod(PodUid("a".into()))), [true, false]);
        assert_eq!(after(Change::RemovePod(PodUid("b".into()))), [false, false]);
    }
}
