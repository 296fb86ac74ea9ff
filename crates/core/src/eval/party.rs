//! Who stands at one end of a packet.

use crate::{
    object::{Cluster, Pod},
    packet::End,
};
use std::net::IpAddr;

/// One end of a packet: its address, and the pods that bear it.
#[derive(Clone, Debug)]
pub struct Party<'a> {
    address: Option<IpAddr>,
    pods: Vec<&'a Pod>,
}

impl<'a> Party<'a> {
    /// Who stands at `end`. Pods of the host network and finished pods are nobody (S22, S24).
    #[must_use]
    pub fn at(cluster: &'a Cluster, end: &End) -> Self {
        let is_meant = |pod: &&Pod| match end {
            End::Address(address) => pod.addresses.contains(address),
            End::Pod(uid) => pod.uid == *uid,
        };
        let pods = cluster
            .pods
            .values()
            .map(AsRef::as_ref)
            .filter(|pod: &&Pod| pod.is_policed())
            .filter(is_meant)
            .collect();
        Self { address: end.address(), pods }
    }

    /// The address, where it is known.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The pods that bear the address, by UID: none for a node or an address outside the cluster,
    /// for a moment more than one (S26).
    #[must_use]
    pub fn pods(&self) -> &[&'a Pod] {
        &self.pods
    }
}
