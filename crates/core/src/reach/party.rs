//! Ends of connections, said in the fewest words that are true.

use crate::{
    object::Workload,
    set::{AddressSet, Cidr},
};
use std::{fmt, net::IpAddr, sync::Arc};

/// Pods of a workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadPods {
    /// The workload.
    pub workload: Arc<Workload>,
    /// Whether another workload has the same name, so that the kind has to be told.
    pub is_ambiguous: bool,
    /// Which of its pods, where not all of them are meant; sorted.
    pub pods: Vec<Arc<str>>,
    /// Which addresses of these pods, where even those of one pod are told apart; empty when all of
    /// them are meant.
    pub addresses: Vec<IpAddr>,
}

impl fmt::Display for WorkloadPods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.workload.key.fmt(f)?;
        if self.is_ambiguous {
            write!(f, " ({})", self.workload.kind)?;
        }
        if !self.pods.is_empty() {
            write!(f, " [{}]", self.pods.join(", "))?;
        }
        if !self.addresses.is_empty() {
            let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
            write!(f, " at {}", addresses.join(", "))?;
        }
        Ok(())
    }
}

/// A part of a party.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// Every pod of the cluster.
    Cluster {
        /// But for these.
        except: Vec<Term>,
    },
    /// Every pod of a namespace, which has more than one workload.
    Namespace {
        /// The namespace.
        name: Arc<str>,
        /// But for these of its workloads.
        except: Vec<WorkloadPods>,
    },
    /// Pods of a workload.
    Workload(WorkloadPods),
    /// Addresses, as far as no pod bears them.
    Addresses(AddressSet),
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster { except } => {
                f.write_str("entire cluster")?;
                excepted(f, except)
            }
            Self::Namespace { name, except } => {
                write!(f, "all pods of `{name}`")?;
                excepted(f, except)
            }
            Self::Workload(pods) => pods.fmt(f),
            Self::Addresses(addresses) => f.write_str(&addresses_in_words(addresses)),
        }
    }
}

fn excepted<T: fmt::Display>(f: &mut fmt::Formatter<'_>, except: &[T]) -> fmt::Result {
    if except.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = except.iter().map(ToString::to_string).collect();
    write!(f, " except {}", names.join(", "))
}

/// Addresses as a person calls them: `internet`, `internet except 10.0.0.0/8`, `10.0.0.0/8 except
/// 10.1.0.0/16`, or their blocks, whichever is shorter. What is said of one family of the internet alone
/// says so.
fn addresses_in_words(addresses: &AddressSet) -> String {
    let v4 = Blocks::of(AddressSet { v4: addresses.v4.clone(), ..AddressSet::empty() });
    let v6 = Blocks::of(AddressSet { v6: addresses.v6.clone(), ..AddressSet::empty() });
    let internet = |only: &str, missing: Vec<Cidr>| format!("internet{only}{}", but_for(&missing));
    match (v4, v6) {
        (Some(v4), Some(v6)) if v4.is_internet() && v6.is_internet() => {
            internet("", [v4.missing, v6.missing].concat())
        }
        (v4, v6) => {
            let v4 = v4.map(|v4| if v4.is_internet() { internet(" (IPv4)", v4.missing) } else { v4.words() });
            let v6 = v6.map(|v6| if v6.is_internet() { internet(" (IPv6)", v6.missing) } else { v6.words() });
            v4.into_iter().chain(v6).collect::<Vec<_>>().join(", ")
        }
    }
}

fn but_for(missing: &[Cidr]) -> String {
    if missing.is_empty() { String::new() } else { format!(" except {}", list(missing)) }
}

fn list(cidrs: &[Cidr]) -> String {
    cidrs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Addresses of one family as the fewest blocks, some of them taken away from others.
struct Blocks {
    present: Vec<Cidr>,
    missing: Vec<Cidr>,
}

impl Blocks {
    /// `None` where there are no addresses.
    fn of(addresses: AddressSet) -> Option<Self> {
        let present = addresses.cidrs();
        let (first, last) = (present.first()?, present.last()?);
        let cover = first.cover(*last);
        let missing = AddressSet::from(cover).difference(&addresses).cidrs();
        Some(if missing.len() + 1 < present.len() || missing.is_empty() {
            Self { present: vec![cover], missing }
        } else {
            Self { present, missing: Vec::new() }
        })
    }

    fn is_internet(&self) -> bool {
        self.present.iter().any(|block| block.is_whole_family())
    }

    fn words(&self) -> String {
        format!("{}{}", list(&self.present), but_for(&self.missing))
    }
}

/// Ends of connections: any of the terms.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// The terms, sorted: pods before addresses.
    pub terms: Vec<Term>,
}

impl Party {
    /// The addresses outside the cluster, where there are some.
    #[must_use]
    pub fn addresses(&self) -> Option<&AddressSet> {
        self.terms.iter().find_map(|term| match term {
            Term::Addresses(addresses) => Some(addresses),
            _ => None,
        })
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms: Vec<String> = self.terms.iter().map(ToString::to_string).collect();
        f.write_str(&terms.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(blocks: &[&str], except: &[&str]) -> String {
        let set = |texts: &[&str]| texts.iter().map(|text| text.parse::<Cidr>().unwrap()).collect();
        addresses_in_words(&AddressSet::difference(&set(blocks), &set(except)))
    }

    #[test]
    fn addresses_are_said_in_the_fewest_words() {
        let both = ["0.0.0.0/0", "::/0"];
        for (blocks, except, expected) in [
            (both.as_slice(), [].as_slice(), "internet"),
            (&both, &["10.0.0.0/8"], "internet except 10.0.0.0/8"),
            (&both, &["10.0.0.0/8", "fd00::/8"], "internet except 10.0.0.0/8, fd00::/8"),
            (&["0.0.0.0/0"], &["10.0.0.0/8"], "internet (IPv4) except 10.0.0.0/8"),
            (&["::/0"], &[], "internet (IPv6)"),
            (&["10.0.0.0/8"], &["10.1.0.0/16"], "10.0.0.0/8 except 10.1.0.0/16"),
            (&["10.0.0.0/8"], &[], "10.0.0.0/8"),
            (&["192.0.2.0/25", "198.51.100.7/32"], &[], "192.0.2.0/25, 198.51.100.7/32"),
            (&["0.0.0.0/0", "2001:db8::/32"], &[], "internet (IPv4), 2001:db8::/32"),
        ] {
            assert_eq!(words(blocks, except), expected);
        }
    }
}
