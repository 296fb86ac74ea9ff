//! Names and addresses that nobody can read back, and that relate to each other as the real ones do.
//!
//! What is kept: which names are equal, and so what every selector selects; which addresses lie in
//! which blocks. What is not hidden is in `docs/clusters.md`.

mod address;

use sekisho_core::ways;
use sha2::{Digest, Sha256};
use std::{fmt, net::IpAddr};

/// How many of the 32 letters of [`LETTERS`] a name has: 70 bits, so that among a million names two
/// are the same by chance once in a billion times. With the letter before them they are as long as
/// the longest name of a port.
const LENGTH: usize = 14;
/// RFC 4648, in lower case.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Names that are in every cluster and tell nothing.
const COMMON: [&str; 5] = ["default", "kube-node-lease", "kube-public", "kube-system", "kubernetes"];
/// Keys of labels that are in every cluster, beside those of Kubernetes itself.
const COMMON_KEYS: [&str; 4] = ["app", "controller-revision-hash", "k8s-app", "pod-template-hash"];

/// Hides names and addresses by a key. The same key hides them the same way.
#[derive(Clone)]
pub struct Redactor {
    key: [u8; 32],
}

impl fmt::Debug for Redactor {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// By a secret of any length. Whoever has it can find out whether a name that they guess is there.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self { key: Sha256::digest(secret).into() }
    }

    /// A pseudorandom function of `use_` and `text`. The outer round keeps what is hashed in the inner
    /// one from being made longer.
    fn hash(&self, use_: u8, text: &[u8]) -> [u8; 32] {
        let inner = Sha256::new().chain_update(self.key).chain_update([use_]).chain_update(text).finalize();
        Sha256::new().chain_update(self.key).chain_update(inner).finalize().into()
    }

    /// What stands for a name or a label's value: valid wherever either is, as the name of a port too.
    /// Equal names have equal ones.
    #[must_use]
    pub fn name(&self, text: &str) -> String {
        if text.is_empty() || COMMON.contains(&text) || ways::is_well_known(text) {
            return text.to_owned();
        }
        let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('a', char::from);
        let hash = self.hash(b'n', text.as_bytes());
        std::iter::once('x').chain(hash.iter().take(LENGTH).map(letter)).collect()
    }

    /// What stands for the name of an object that Kubernetes names after another: of a ReplicaSet after
    /// its Deployment and the hash of the template, of a Job after its CronJob and the time.
    pub(super) fn made_name(&self, kind: &str, text: &str) -> String {
        match (kind, text.rsplit_once('-')) {
            ("ReplicaSet", Some((name, hash))) => format!("{}-{}", self.name(name), self.name(hash)),
            ("Job", Some((name, time))) if time.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("{}-{time}", self.name(name))
            }
            _ => self.name(text),
        }
    }

    /// What stands for a label's key. Those of Kubernetes stay, for what they mean.
    pub(super) fn key(&self, text: &str) -> String {
        let of_kubernetes = text.split_once('/').is_some_and(|(prefix, _)| {
            let within = |domain: &str| {
                prefix.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            within("kubernetes.io") || within("k8s.io")
        });
        if of_kubernetes || COMMON_KEYS.contains(&text) || ways::is_well_known_key(text) {
            text.to_owned()
        } else {
            self.name(text)
        }
    }

    /// What stands for an address. Text that is none, such as `None`, is treated as a name unless it is
    /// a word of the API.
    #[must_use]
    pub fn address(&self, text: &str) -> String {
        match text.parse::<IpAddr>() {
            Ok(address) => address::hide(self, address, address::bits(address)).to_string(),
            Err(_) if matches!(text, "" | "None") => text.to_owned(),
            Err(_) => self.name(text),
        }
    }

    /// What stands for a block: the block that all addresses of it are hidden in.
    pub(super) fn block(&self, text: &str) -> String {
        let parsed = text.split_once('/').and_then(|(address, length)| {
            Some((address.parse::<IpAddr>().ok()?, length.parse::<u8>().ok()?))
        });
        match parsed {
            Some((address, length)) if length <= address::bits(address) => {
                format!("{}/{length}", address::hide(self, address, length))
            }
            _ => self.name(text),
        }
    }

    /// What stands for each of the names that `separator` divides. Wildcards stay.
    pub(super) fn pieces(&self, text: &str, separator: char) -> String {
        let piece = |piece: &str| if piece == "*" { piece.to_owned() } else { self.name(piece) };
        let pieces: Vec<String> = text.split(separator).map(piece).collect();
        pieces.join(&separator.to_string())
    }
}

#[cfg(test)]
mod tests;
