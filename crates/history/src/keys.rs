//! Keys, as they are kept.

use crate::Error;
use sekisho_flow::{
    record::{Key, Observer, Outcome},
    text::parts,
};

/// The key of a text that was kept.
pub(crate) fn read(text: &str) -> Result<Key, Error> {
    parts::read_key(text).map_err(|error| Error::Damaged(error.to_string()))
}

/// What keys of the same ends and traffic share. Others may: whoever looks for it compares.
pub(crate) fn connection(key: &Key) -> i64 {
    let whatever = Key {
        outcome: Outcome::Allowed,
        leave: Default::default(),
        observer: Observer::Agent,
        side: None,
        ..key.clone()
    };
    fnv(parts::key(&whatever).bytes()).cast_signed()
}

/// FNV-1a, of 64 bits: the standard library's hashes are not the same from one version to the next.
pub(crate) fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
