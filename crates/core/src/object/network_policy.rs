//! A NetworkPolicy of `networking.k8s.io/v1`.

use super::{LabelSelector, Labels, ObjectKey, Origin};
use crate::set::{AddressSet, Cidr, PortRange, PortSet, Protocol};
use std::{collections::BTreeSet, fmt, net::IpAddr, sync::Arc};
use thiserror::Error;

/// A direction of traffic, as seen from the policy's subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Into the subject.
    Ingress,
    /// Out of the subject.
    Egress,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Ingress => Self::Egress,
            Self::Egress => Self::Ingress,
        }
    }

    /// The field of a rule that lists peers in this direction.
    #[must_use]
    pub fn peer_field(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// An `ipBlock`: a block of addresses without some smaller ones (S17-S19).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpBlock {
    cidr: Cidr,
    except: BTreeSet<Cidr>,
}

/// An `except` entry that does not lie strictly inside its block (S19).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{except}` must lie strictly inside `{cidr}`")]
pub struct IpBlockError {
    /// The block.
    pub cidr: Cidr,
    /// The entry that is not inside it.
    pub except: Cidr,
}

impl IpBlock {
    /// The block `cidr` without the addresses of `except`.
    ///
    /// # Errors
    /// When an entry of `except` does not lie strictly inside `cidr` (S19).
    pub fn new(cidr: Cidr, except: impl IntoIterator<Item = Cidr>) -> Result<Self, IpBlockError> {
        let except: BTreeSet<Cidr> = except.into_iter().collect();
        match except.iter().find(|inner| !cidr.strictly_contains(**inner)) {
            Some(inner) => Err(IpBlockError { cidr, except: *inner }),
            None => Ok(Self { cidr, except }),
        }
    }

    /// Whether the block has `address` (S17, S18).
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidr.contains(address) && !self.except.iter().any(|inner| inner.contains(address))
    }

    /// Whether the block has every address of a family: the only way to match a pod whose address
    /// is not known.
    #[must_use]
    pub fn is_whole_family(&self) -> bool {
        self.cidr.is_whole_family() && self.except.is_empty()
    }

    /// The block itself.
    #[must_use]
    pub fn cidr(&self) -> Cidr {
        self.cidr
    }

    /// What is taken away from it, ascending (S18).
    pub fn except(&self) -> impl ExactSizeIterator<Item = Cidr> + '_ {
        self.except.iter().copied()
    }

    /// The addresses of the block.
    #[must_use]
    pub fn addresses(&self) -> AddressSet {
        AddressSet::from(self.cidr).difference(&self.except.iter().copied().collect())
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cidr.fmt(f)?;
        if !self.except.is_empty() {
            let except: Vec<String> = self.except.iter().map(ToString::to_string).collect();
            write!(f, " except {}", except.join(", "))?;
        }
        Ok(())
    }
}

/// Whom an entry of `from` or `to` names: exactly one of four forms (S6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerKind {
    /// `podSelector` alone: pods of the policy's own namespace.
    Pods(LabelSelector),
    /// `namespaceSelector` alone: all pods of the matching namespaces.
    Namespaces(LabelSelector),
    /// Both in one entry: matching pods of the matching namespaces.
    PodsInNamespaces {
        /// Which namespaces.
        namespaces: LabelSelector,
        /// Which of their pods.
        pods: LabelSelector,
    },
    /// `ipBlock`: whatever has the address, pods too (S17).
    Block(IpBlock),
}

/// An entry of `from` or `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Whom it names.
    pub kind: PeerKind,
    /// Where it was written.
    pub origin: Origin,
}

/// Which ports of its protocol an entry of `ports` names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortMatch {
    /// `port` is missing: all of them (S12).
    All,
    /// A number, or `port..endPort` (S13).
    Range(PortRange),
    /// A container port's name, resolved on the destination pod (S14).
    Named(Arc<str>),
}

/// An entry of `ports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyPort {
    /// The protocol; TCP when not written (S12).
    pub protocol: Protocol,
    /// Which of its ports.
    pub port: PortMatch,
    /// Where it was written.
    pub origin: Origin,
}

impl PolicyPort {
    /// The ports that it names by number; of a name, which is that of pods (S14), none.
    #[must_use]
    pub fn numbers(&self) -> PortSet {
        match &self.port {
            PortMatch::All => PortSet::every(self.protocol),
            PortMatch::Range(range) => PortSet::range(self.protocol, *range),
            PortMatch::Named(_) => PortSet::empty(),
        }
    }
}

impl fmt::Display for PolicyPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.port {
            PortMatch::All => self.protocol.fmt(f),
            PortMatch::Range(range) => write!(f, "{} {range}", self.protocol),
            PortMatch::Named(name) => write!(f, "{} {name}", self.protocol),
        }
    }
}

/// An entry of `ingress` or `egress`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// `from` or `to`: any of these; empty means every peer (S5).
    pub peers: Vec<Peer>,
    /// Any of these; empty means every port of every protocol (S5).
    pub ports: Vec<PolicyPort>,
    /// Where it was written.
    pub origin: Origin,
}

/// A NetworkPolicy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Namespace and name.
    pub key: ObjectKey,
    /// `podSelector`: which pods of its namespace are its subjects (S1).
    pub subjects: LabelSelector,
    /// `policyTypes` as written; empty when not (S3).
    pub types: BTreeSet<Direction>,
    /// The ingress rules; a missing list is an empty one (S4).
    pub ingress: Vec<Rule>,
    /// The egress rules; a missing list is an empty one (S4).
    pub egress: Vec<Rule>,
    /// Its own labels. No verdict depends on them.
    pub labels: Labels,
    /// Those of its annotations that are for us: `sekisho.dev/...`. No verdict depends on them.
    pub annotations: Labels,
    /// Where it was written.
    pub origin: Origin,
}

impl NetworkPolicy {
    /// Whether the policy isolates its subjects in `direction`, with the defaults of S3.
    #[must_use]
    pub fn isolates(&self, direction: Direction) -> bool {
        if !self.types.is_empty() {
            return self.types.contains(&direction);
        }
        match direction {
            Direction::Ingress => true,
            Direction::Egress => !self.egress.is_empty(),
        }
    }

    /// The rules of `direction`. They have effect only where the policy isolates (S2).
    #[must_use]
    pub fn rules(&self, direction: Direction) -> &[Rule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}
