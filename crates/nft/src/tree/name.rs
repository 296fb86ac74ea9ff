//! Names of chains and sets.

use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};

/// The longest name that the kernel takes (`NFT_NAME_MAXLEN`, with its terminator: 256).
const LONGEST: usize = 255;

/// The name of a chain or a set.
///
/// INVARIANT: it is made of content, so that it is the same in every process and two contents never
/// share one; and it is an identifier of the `nft` program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// A name that is written in the program, such as that of a base chain.
    #[must_use]
    pub fn fixed(name: &'static str) -> Self {
        Self(name.into())
    }

    /// A name for what `content` describes. Whoever may write policies chooses the content, so the
    /// hash must be one for which nobody can find two contents.
    #[must_use]
    pub fn of_content(prefix: &str, content: &str) -> Self {
        Self(format!("{prefix}-{}", digest(content)).into())
    }

    /// A name that people can read where it is short enough, made of valid object names.
    #[must_use]
    pub fn readable(prefix: &str, parts: &str) -> Self {
        let name = format!("{prefix}/{parts}");
        if name.len() <= LONGEST { Self(name.into()) } else { Self::of_content(prefix, parts) }
    }

    /// A name as the kernel told it.
    #[must_use]
    pub fn told(name: &str) -> Self {
        Self(name.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Eighty bits of a digest, in hexadecimal digits.
pub(crate) fn digest(content: &str) -> String {
    Sha256::digest(content.as_bytes()).iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}
