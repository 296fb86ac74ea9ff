//! Who may talk to whom on which ports, for the whole cluster at once.
//!
//! Ends that policies treat alike form classes; what a class allows is a row of bitmaps of classes,
//! and pods that the same policies select share it. So the cost follows what policies tell apart, not
//! pods times pods. [`Reach`] is the whole answer, asked class by class; [`connections`] is the same
//! as the shortest list that a person can read.
//!
//! What the answer covers:
//! - Pods of the pod network. Pods of the host network are their node's address (S22) and finished
//!   pods are gone (S24): neither is listed.
//! - Addresses outside are those that no pod bears. They are split only where a rule tells them apart.
//! - What every pod may do whatever policies say is not in it: being reached from its own node (S20),
//!   itself (S21), neighbour discovery (S34).

mod answer;
mod bitmaps;
mod class;
mod connection;
mod ends;
pub(crate) mod external;
mod filter;
mod names;
mod namespaces;
mod party;
pub(crate) mod ports;
mod roster;
mod row;
mod side;
mod sides;
mod tiers;
mod turned;

pub use answer::Cell;
pub(crate) use bitmaps::{Dense, Key};
pub(crate) use class::Standing;
pub use class::{Class, ClassId, Family};
pub use connection::{Connection, connections};
pub(crate) use ends::own_node;
pub use filter::{Ends, Filter, Grain};
pub(crate) use names::{Names, Told};
pub use namespaces::by_namespace;
pub use party::{Party, Term, WorkloadPods};
pub(crate) use roster::{Faces, faces};
pub(crate) use row::Row;
pub(crate) use sides::number;
pub(crate) use tiers::Walk;

use crate::{
    index::{Index, PodId},
    object::{Direction, Workload},
    packet::End,
    set::PortSet,
};
use answer::Answers;
use class::Classes;
use ports::PortTable;
use roaring::RoaringBitmap;
use sides::Sides;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// Who may talk to whom in one state of the cluster: computed once, asked often. It keeps nothing of
/// the index; numbers of pods are those of the index that it was made of.
#[derive(Debug)]
pub struct Reach {
    classes: Classes,
    ports: Mutex<PortTable>,
    ingress: turned::Turned,
    egress: turned::Turned,
    sources: OnceLock<Answers>,
    destinations: OnceLock<Answers>,
    pods: Vec<Option<PodName>>,
}

/// What a pod is called.
#[derive(Clone, Debug)]
struct PodName {
    name: Arc<str>,
    workload: Arc<Workload>,
}

impl Reach {
    /// The answer for the cluster of `index`.
    #[must_use]
    pub fn of(index: &Index) -> Self {
        let sets = external::address_sets(index);
        let mut classes = Classes::of(index, &sets);
        let sides = Sides::new(index, &classes, &sets);
        let ([ingress, egress], ports) = sides.turned();
        let isolated = Direction::ALL.map(|direction| sides.isolated(direction));
        classes.note_isolated(&isolated, egress.closed());
        Self {
            pods: pod_names(index),
            classes,
            ports: Mutex::new(ports),
            ingress,
            egress,
            sources: OnceLock::new(),
            destinations: OnceLock::new(),
        }
    }

    /// The classes by number: those of pods, then those of addresses outside.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes.list
    }

    /// The class with this number.
    #[must_use]
    pub fn class(&self, id: ClassId) -> Option<&Class> {
        self.classes.list.get(id as usize)
    }

    /// The classes of pods.
    #[must_use]
    pub fn inside(&self) -> &RoaringBitmap {
        &self.classes.inside
    }

    /// The classes of addresses that no pod bears.
    #[must_use]
    pub fn outside(&self) -> &RoaringBitmap {
        &self.classes.outside
    }

    /// The class of an end: of an address, whoever bears it, or of a pod whose address is not known.
    /// `None` for a pod that is not there or has addresses.
    #[must_use]
    pub fn class_of(&self, end: &End, index: &Index) -> Option<ClassId> {
        match end {
            End::Address(address) => self.classes.at(*address),
            End::Pod(uid) => self.classes.unknown(index.pod_id(uid)?),
        }
    }

    /// The classes of the ends of the pod with this number: one for each of its addresses.
    pub fn classes_of_pod(&self, pod: PodId) -> impl Iterator<Item = ClassId> + '_ {
        self.classes.of_pod(pod)
    }

    /// The classes that hold some of these pods.
    #[must_use]
    pub fn classes_of(&self, pods: &RoaringBitmap) -> RoaringBitmap {
        pods.iter().flat_map(|pod| self.classes.of_pod(pod)).collect()
    }

    /// Who may reach the class with this number, on which ports: cells without a common class, sorted
    /// by their ports. Addresses outside reach only pods, and pods only what has an address of a
    /// family of theirs. A class may be its own peer: that is said of two of its ends.
    #[must_use]
    pub fn sources(&self, to: ClassId) -> Arc<[Cell]> {
        self.answers(Direction::Ingress).of(to)
    }

    /// Whom the class with this number may reach, on which ports: as [`Self::sources`].
    #[must_use]
    pub fn destinations(&self, from: ClassId) -> Arc<[Cell]> {
        self.answers(Direction::Egress).of(from)
    }

    /// The classes that packets can go to from a class, and come from, whatever policies say: of a common
    /// family, and not both outside.
    #[must_use]
    pub fn meeting(&self, id: ClassId) -> RoaringBitmap {
        self.class(id).map(|class| self.classes.met_by(class).clone()).unwrap_or_default()
    }

    /// The ports on which one class may reach another.
    #[must_use]
    pub fn between(&self, from: ClassId, to: ClassId) -> Arc<PortSet> {
        let cells = self.sources(to);
        let cell = cells.iter().find(|cell| cell.with.contains(from));
        cell.map(|cell| Arc::clone(&cell.ports)).unwrap_or_default()
    }

    /// An end of a class, to ask the evaluator about: of a class of pods one of the pods of `among`,
    /// where there is one; of a class outside its first address.
    #[must_use]
    pub fn end(&self, id: ClassId, among: Option<&RoaringBitmap>, index: &Index) -> Option<End> {
        let class = self.class(id)?;
        if class.pods.is_empty() {
            return class.first_address().map(End::Address);
        }
        let mut pods = class.pods.iter().filter(|pod| among.is_none_or(|among| among.contains(*pod)));
        let pod = index.pod(pods.next()?)?;
        if class.family.is_none() {
            return Some(End::Pod(pod.uid.clone()));
        }
        let here = |address: &&IpAddr| self.classes.at(**address) == Some(id);
        pod.addresses.iter().find(here).copied().map(End::Address)
    }

    /// The workload of the pod with this number.
    #[must_use]
    pub fn workload_of(&self, pod: PodId) -> Option<&Arc<Workload>> {
        self.pods.get(pod as usize)?.as_ref().map(|pod| &pod.workload)
    }

    /// The shortest true description of a set of classes, where every pod of them is meant.
    #[must_use]
    pub fn party(&self, classes: &RoaringBitmap) -> Party {
        roster::Roster::of(self, &Filter::default()).party_of_classes(classes)
    }

    /// The classes outside of which pods bear every address: nobody is there to be spoken of.
    pub(crate) fn borne(&self) -> impl Iterator<Item = ClassId> + '_ {
        self.classes.borne_outside().into_iter().map(|at| self.classes.external(at))
    }

    /// What each class is answered, in the direction of its own policies; computed when first asked.
    fn answers(&self, direction: Direction) -> &Answers {
        let (own, other, answers) = match direction {
            Direction::Ingress => (&self.ingress, &self.egress, &self.sources),
            Direction::Egress => (&self.egress, &self.ingress, &self.destinations),
        };
        answers.get_or_init(|| {
            let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
            Answers::compute(&self.classes, own, other, &mut ports)
        })
    }
}

fn pod_names(index: &Index) -> Vec<Option<PodName>> {
    let mut workloads: std::collections::HashMap<&Workload, Arc<Workload>> = std::collections::HashMap::new();
    let mut names: Vec<Option<PodName>> = Vec::new();
    for (id, pod) in index.pods() {
        let workload = workloads.entry(&pod.workload).or_insert_with(|| Arc::new(pod.workload.clone()));
        let at = id as usize;
        if names.len() <= at {
            names.resize(at + 1, None);
        }
        if let Some(slot) = names.get_mut(at) {
            *slot = Some(PodName { name: Arc::clone(&pod.key.name), workload: Arc::clone(workload) });
        }
    }
    names
}
