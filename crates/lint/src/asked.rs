//! Of whom something is asked.

use crate::world::World;
use sekisho_core::index::RoaringBitmap;

impl World<'_> {
    /// The pods of namespaces of which something is asked.
    pub(crate) fn asked(&self) -> RoaringBitmap {
        let all: RoaringBitmap = self.index.pods().map(|(id, _)| id).collect();
        let exempt = self.standard.exempt.iter().map(|name| self.index.pods_in(name));
        exempt.fold(all, |left, pods| left - pods)
    }
}
