//! Bitmaps as keys, for most of a cluster's many sets are the same few; and made out of order.

use roaring::RoaringBitmap;
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

/// A bitmap that can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    // INVARIANT: first, so that comparisons of different bitmaps end here.
    digest: u64,
    bitmap: Arc<RoaringBitmap>,
}

impl Key {
    pub(crate) fn of(bitmap: RoaringBitmap) -> Self {
        let mut digest = Digest(bitmap.len());
        // INVARIANT: the digest takes everything. Equal bitmaps are compared, so it need only spread.
        let _ = bitmap.serialize_into(&mut digest);
        Self { digest: digest.0, bitmap: Arc::new(bitmap) }
    }

    pub(crate) fn bitmap(&self) -> &Arc<RoaringBitmap> {
        &self.bitmap
    }
}

/// What a bitmap's bytes come to. They are a tenth of its members.
struct Digest(u64);

impl std::io::Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for chunk in bytes.chunks(8) {
            let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            // The multiplier of FNV, and a rotation that carries high bits down.
            self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

/// A bitmap that is made of members in any order: one bit each, and no search for its place.
pub(crate) struct Dense {
    bytes: Vec<u8>,
}

impl Dense {
    /// For members less than `size`.
    pub(crate) fn new(size: usize) -> Self {
        Self { bytes: vec![0; size.div_ceil(8)] }
    }

    /// Takes a member in.
    pub(crate) fn insert(&mut self, member: u32) {
        if let Some(byte) = self.bytes.get_mut(member as usize / 8) {
            *byte |= 1 << (member % 8);
        }
    }

    pub(crate) fn finish(self) -> RoaringBitmap {
        RoaringBitmap::from_lsb0_bytes(0, &self.bytes)
    }
}
