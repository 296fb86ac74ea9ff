//! A flow as a packet, to ask policies about it again.

use super::Book;
use crate::record::{End, Key};
use sekisho_core::packet::{self, Packet};
use std::net::IpAddr;

impl Book {
    /// A packet that stands for the connections of `key` in the cluster as it is now, to ask what policies say of
    /// them: a pod of each workload, an address of each node, the first of each block of addresses. `None` where an
    /// end is nobody's now, or was never known, and where what they carry was folded.
    ///
    /// The pods of a workload are alike to policies but for their addresses; where they have any, one that
    /// fits the other end is chosen, the least of the pod.
    #[must_use]
    pub fn packet(&self, key: &Key) -> Option<Packet> {
        let traffic = key.carried.traffic()?;
        let (from, to) = (self.ends(&key.from)?, self.ends(&key.to)?);
        let is_ipv4 = |end: &packet::End| end.address().map(|address| address.is_ipv4());
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
        let mut fitting = pairs.filter(|(from, to)| match (is_ipv4(from), is_ipv4(to)) {
            (Some(from), Some(to)) => from == to,
            _ => true,
        });
        fitting.next().map(|(from, to)| Packet { from: from.clone(), to: to.clone(), traffic })
    }

    /// What may stand at an end, the best first.
    fn ends(&self, end: &End) -> Option<Vec<packet::End>> {
        let of = |addresses: Vec<IpAddr>| addresses.into_iter().map(packet::End::Address).collect();
        match end {
            End::Workload(end) => {
                let (uid, addresses) = self.pod_of(&end.workload)?;
                if addresses.is_empty() { Some(vec![packet::End::Pod(uid)]) } else { Some(of(addresses)) }
            }
            End::Node(Some(name)) => Some(of(self.addresses_of_node(name))),
            End::External { block, .. } => Some(of(vec![block.first()])),
            End::Node(None) | End::Service(_) | End::Anyone => None,
        }
    }
}
