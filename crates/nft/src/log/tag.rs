//! The reason that a log entry begins with: written by rules, read by whoever listens.

use crate::tree::digest;
use sekisho_core::object::Direction;
use std::{fmt, sync::Arc};

/// The longest prefix of a log entry (`NF_LOG_PREFIXLEN`, with its terminator: 128).
const LONGEST: usize = 127;
const DENIED: &str = "sekisho deny ";
const AUDITED: &str = "sekisho audit ";
/// Of a packet that a stranger sent or should get: an address of the node's pods that no pod is known for (S23).
pub(crate) const STRANGER: &str = "sekisho deny unknown ";
/// Of a packet that isolated pods would hear among others.
pub(crate) const TO_MANY: &str = "sekisho deny to-many ";

/// Why a packet was logged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// Policies deny it.
    Denied(Denial),
    /// An address of the node's pods that no pod is known for yet (S23).
    Stranger,
    /// A bridge would give it to isolated pods among others.
    ToMany,
    /// Something else, as it was written.
    Other(Arc<str>),
}

/// By which policies a packet is denied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Denial {
    /// The subject's side: its policies for ingress or for egress.
    pub direction: Direction,
    /// Whether it is only tried: the packet passed.
    pub audited: bool,
    /// The policies that isolate the subject, or the one that denies: `namespace/name`, or `kind/name` of a cluster-wide
    /// one. The last may be cut off.
    pub policies: Vec<Arc<str>>,
    /// Whether these are all, and whole: a prefix is no longer than 127 bytes.
    pub is_whole: bool,
}

/// What the log entry of a packet begins with that `policies` deny.
pub(crate) fn denied(direction: Direction, policies: &[impl fmt::Display]) -> String {
    let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
    let whole = format!("{DENIED}{direction} {} ", names.join(","));
    if whole.len() <= LONGEST {
        return whole;
    }
    // INVARIANT: names of Kubernetes objects are ASCII, so any cut is between characters.
    let mark = format!("..#{} ", digest(&whole));
    let kept: String = whole.chars().take(LONGEST - mark.len()).collect();
    kept + &mark
}

/// The same where the packet passes, because it is only tried.
pub(crate) fn audited(prefix: &str) -> String {
    prefix.replacen(DENIED, AUDITED, 1)
}

impl Tag {
    /// What a log entry begins with, read.
    #[must_use]
    pub fn read(prefix: &str) -> Self {
        match prefix {
            STRANGER => Self::Stranger,
            TO_MANY => Self::ToMany,
            _ => denial(prefix).map_or_else(|| Self::Other(prefix.into()), Self::Denied),
        }
    }
}

fn denial(prefix: &str) -> Option<Denial> {
    let (audited, rest) = match prefix.strip_prefix(DENIED) {
        Some(rest) => (false, rest),
        None => (true, prefix.strip_prefix(AUDITED)?),
    };
    let (word, names) = rest.split_once(' ')?;
    let direction = [Direction::Ingress, Direction::Egress].into_iter().find(|d| d.to_string() == word)?;
    let names = names.trim_end();
    let (names, is_whole) = names.rsplit_once("..#").map_or((names, true), |(names, _)| (names, false));
    let policies = names.split(',').filter(|name| !name.is_empty()).map(Arc::from).collect();
    Some(Denial { direction, audited, policies, is_whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_write_is_read() {
        for direction in [Direction::Ingress, Direction::Egress] {
            let policies = ["shop/api", "AdminNetworkPolicy/wall"];
            let written = denied(direction, &policies);
            let mut denial = Denial {
                direction,
                audited: false,
                policies: policies.map(Arc::from).into(),
                is_whole: true,
            };
            assert_eq!(Tag::read(&written), Tag::Denied(denial.clone()));
            denial.audited = true;
            assert_eq!(Tag::read(&audited(&written)), Tag::Denied(denial));
        }
        assert_eq!(Tag::read(STRANGER), Tag::Stranger);
        assert_eq!(Tag::read(TO_MANY), Tag::ToMany);
        assert_eq!(Tag::read("somebody else's "), Tag::Other("somebody else's ".into()));
    }

    #[test]
    fn what_is_too_long_says_so() {
        let policies: Vec<String> =
            (0..20).map(|number| format!("a-long-namespace/policy-{number}")).collect();
        let written = denied(Direction::Ingress, &policies);
        assert_eq!(written.len(), LONGEST);
        let Tag::Denied(denial) = Tag::read(&written) else { panic!("{written}") };
        assert!(!denial.is_whole);
        assert_eq!(denial.policies.first().map(AsRef::as_ref), Some("a-long-namespace/policy-0"));
    }
}
