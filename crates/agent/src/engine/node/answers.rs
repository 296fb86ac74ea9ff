//! What a node says of itself.

use super::Node;
use sekisho_core::{index::Index, object::ObjectKey, set::AddressSet};
use sekisho_nft::{Program, text, tree::Table};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

impl Node {
    /// The ports of the sockets by which the kernel is changed.
    pub(crate) fn ports(&self) -> [u32; 3] {
        [self.kernel.port(), self.staged.port(), self.bridges.port()]
    }

    /// The node's name.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether policies are enforced.
    pub(crate) fn is_begun(&self) -> bool {
        self.enforced.is_some()
    }

    /// Whether the kernel has all that was told.
    pub(crate) fn is_true(&self) -> bool {
        self.is_true
    }

    /// Over which bridges something may go past the rules, and what to do about it.
    pub(crate) fn unseen(&self) -> &BTreeSet<String> {
        self.bridges.unseen()
    }

    /// What gets past the rules of what no pod sends that may not send whatever it likes.
    pub(crate) fn passing(&self) -> &BTreeSet<String> {
        self.bridges.passing()
    }

    /// Whether connections that are older than enforcement may still show themselves (S32).
    pub(crate) fn is_attaching(&self) -> bool {
        self.attach.wakes_at().is_some() || self.connections.is_settling()
    }

    /// The index of what is enforced.
    pub(crate) fn index(&self) -> Option<&Index> {
        self.enforced.as_ref().map(|enforced| &enforced.index)
    }

    /// The pods on this node that bear one of `addresses`, as far as policies see them.
    pub(crate) fn bearers(&self, addresses: &BTreeSet<IpAddr>) -> BTreeSet<ObjectKey> {
        let Some(index) = self.index() else { return BTreeSet::new() };
        let bearers = addresses.iter().flat_map(|address| index.pods_at(*address));
        let here = bearers.filter_map(|id| index.pod(id)).filter(|pod| pod.node.as_ref() == Some(&self.name));
        here.map(|pod| pod.key.clone()).collect()
    }

    /// The program of what is enforced.
    pub(crate) fn program(&self) -> Option<&Program> {
        self.enforced.as_ref().map(|enforced| &enforced.program)
    }

    /// What is programmed, for people.
    pub(crate) fn text(&self) -> String {
        let tables = [(Table::Enforced, self.program()), (Table::Tried, self.staged.program())].into_iter();
        let texts = tables.filter_map(|(table, program)| Some(text::table(table, program?.ruleset())));
        texts.chain(self.bridges.text()).collect::<Vec<_>>().join("\n")
    }

    /// How many elements the sets in the kernel have.
    pub(crate) fn elements(&self) -> usize {
        let sets = self.program().into_iter().flat_map(|program| program.ruleset().sets.values());
        sets.map(|set| set.elements.len()).sum()
    }

    /// The ranges of the addresses of this node's pods, as far as they are known.
    pub(crate) fn guarded(&self) -> &AddressSet {
        &self.guarded
    }
}
