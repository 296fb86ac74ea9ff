//! From what was observed to flows with names.
//!
//! An observer sees addresses, and may or may not say whose they are and why policies let something pass. The [`Book`]
//! knows who bears an address, and who bore it at the time; a [`Judge`] who knows the policies says why, where the
//! observer does not. Who stands at an end is the observer's word first, for it was there; the book's otherwise.

mod book;
mod bounds;
mod explainer;
mod judge;
mod keys;
mod leave;
mod policies;
mod replay;
mod tenure;
mod told;

pub use book::Book;
pub use explainer::{Explainer, Stands};
pub use judge::{Judge, Nobody};
pub use policies::Policies;

use crate::{
    observation::{Observation, Party, Told},
    record::{End, Key, Seen},
};
use book::{Known, Resident};
use jiff::Timestamp;
use judge::Remembered;
use sekisho_core::{
    packet::{self, Packet},
    set::Cidr,
};
use std::sync::Arc;

/// An observation with names: what a window counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Of which flow it is.
    pub key: Key,
    /// How often, when and where.
    pub seen: Seen,
}

/// Who gives names to what is observed.
#[derive(Debug)]
pub struct Attribution<J> {
    book: Book,
    judge: Remembered<J>,
}

/// An end with its name.
struct Named {
    end: End,
    /// The pod, where it is known.
    pod: Option<Arc<str>>,
    /// What a judge is asked of.
    asked: Option<packet::End>,
}

impl<J: Judge> Attribution<J> {
    /// Names by `book`, and reasons by `judge`.
    pub fn new(book: Book, judge: J) -> Self {
        Self { book, judge: Remembered::new(judge) }
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// The book, to tell it of changes. Whoever changes what the judge knows says so: [`Self::forget_reasons`].
    pub fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    /// Policies, or the labels of pods or namespaces, have changed: answers of the judge are asked for anew.
    pub fn forget_reasons(&mut self) {
        self.judge.forget();
    }

    /// The judge, to tell it of changes; its answers are asked for anew.
    pub fn judge_mut(&mut self) -> &mut J {
        self.judge.forget();
        &mut self.judge.judge
    }

    /// The observation with names.
    pub fn name(&mut self, observation: &Observation) -> Sighting {
        let from = self.end(&observation.from, observation.at);
        let to = self.end(&observation.to, observation.at);
        let mut key = Key {
            from: from.end.clone(),
            to: to.end.clone(),
            carried: observation.carried,
            outcome: observation.outcome,
            leave: observation.leave.clone(),
            observer: observation.observer,
            side: observation.side,
        };
        let mut seen = Seen::at(observation.at, observation.count.max(1));
        seen.nodes.extend(observation.node.iter().cloned());
        if leave::is_wanting(&key.leave)
            && let Some(packet) = packet(&from, &to, observation)
            && let Some(verdict) = self.judge.judge(&packet)
        {
            key.leave = leave::fill(observation, &verdict);
            let refused = key.refused_by().filter(|_| leave::agrees(observation, &verdict));
            seen.nearest = refused.and_then(|(_, direction)| self.judge.nearest(&packet, direction));
        }
        seen.from_pods.extend(from.pod);
        seen.to_pods.extend(to.pod);
        Sighting { key, seen }
    }

    fn end(&self, party: &Party, at: Timestamp) -> Named {
        let asked = party.address.map(packet::End::Address);
        match &party.told {
            Told::Pod(pod) => {
                let at_node = party.address.filter(|address| self.book.is_node(*address));
                if let Some(address) = at_node {
                    // A pod that uses its node's network is its node (S22).
                    return self.end(&Party::at(address), at);
                }
                let (end, known) = told::end(&self.book, pod);
                let asked = known.and_then(|known| self.asked(&known, party));
                return Named { end, pod: pod.name.clone(), asked };
            }
            Told::Node(Some(name)) => {
                return Named { end: End::Node(Some(Arc::clone(name))), pod: None, asked };
            }
            Told::Service(key) => return Named { end: End::Service(key.clone()), pod: None, asked: None },
            Told::Node(None) | Told::External | Told::Nothing => {}
        }
        let resident = party.address.and_then(|address| self.book.resident(address, at));
        let (end, pod, asked) = match resident {
            Some(Resident::Pod(known, stays)) => {
                let asked = if stays { asked } else { None };
                (known.end.clone(), Some(Arc::clone(&known.pod.key.name)), asked)
            }
            Some(Resident::Node(name)) => (End::Node(Some(name)), None, asked),
            // Policies see what it is translated to (S37), and that is not known.
            Some(Resident::Service(key)) => (End::Service(key), None, None),
            None | Some(Resident::Unknown) if matches!(party.told, Told::Node(None)) => {
                (End::Node(None), None, asked)
            }
            Some(Resident::Unknown) => (End::Anyone, None, None),
            None => match party.address {
                Some(address) => {
                    (End::External { block: Cidr::host(address), names: party.names.clone() }, None, asked)
                }
                None => (End::Anyone, None, None),
            },
        };
        Named { end, pod, asked }
    }

    /// The end of the packet that policies are asked about: the pod at the address where it bears it, else the pod
    /// itself, as manifests know it, which have no addresses.
    fn asked(&self, known: &Known, party: &Party) -> Option<packet::End> {
        match party.address {
            Some(address) if self.book.bears(&known.pod.uid, address) => Some(packet::End::Address(address)),
            _ => self.book.has(&known.pod.uid).then(|| packet::End::Pod(known.pod.uid.clone())),
        }
    }
}

fn packet(from: &Named, to: &Named, observation: &Observation) -> Option<Packet> {
    let traffic = observation.carried.traffic()?;
    Some(Packet { from: from.asked.clone()?, to: to.asked.clone()?, traffic })
}
