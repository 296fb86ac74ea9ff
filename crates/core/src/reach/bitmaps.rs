//! Bitmaps as keys: most of a cluster's many sets are the same few.

use roaring::RoaringBitmap;
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

/// A bitmap that can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    // INVARIANT: first, so that comparisons of different bitmaps end here.
    digest: u64,
    bitmap: Arc<RoaringBitmap>,
}

impl Key {
    pub(super) fn of(bitmap: RoaringBitmap) -> Self {
        // FNV-1a over whole numbers: equal bitmaps are compared, so it need only spread.
        let digest = bitmap.iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, member| {
            (digest ^ u64::from(member)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
        });
        Self { digest, bitmap: Arc::new(bitmap) }
    }

    pub(super) fn bitmap(&self) -> &Arc<RoaringBitmap> {
        &self.bitmap
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}
