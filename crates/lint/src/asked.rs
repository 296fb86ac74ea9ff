//! Of whom something is asked.

use crate::world::World;
use sekisho_core::index::RoaringBitmap;

impl World<'_> {
    /// The pods that rules look at, of namespaces of which something is asked.
    pub(crate) fn asked(&self) -> RoaringBitmap {
        let exempt = self.standard.exempt.iter().filter(|name| self.looks_at(name));
        let exempt = exempt.map(|name| self.index.pods_in(name));
        exempt.fold(self.own().clone(), |left, pods| left - pods)
    }
}
