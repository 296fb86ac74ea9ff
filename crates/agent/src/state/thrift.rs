//! What many pods have in common is kept once: the pods of a workload have equal labels and ports.

use sekisho_core::object::{Labels, Origin, Pod};
use std::{collections::HashSet, sync::Arc};

/// How many texts and sets of labels are kept before those that nobody uses are let go.
const FIRST_SWEEP: usize = 1024;

/// Texts and labels that are in use.
#[derive(Debug)]
pub(super) struct Thrift {
    texts: HashSet<Arc<str>>,
    labels: HashSet<Labels>,
    /// How many may be kept before it is looked who is still used.
    sweep_at: usize,
}

impl Default for Thrift {
    fn default() -> Self {
        Self { texts: HashSet::new(), labels: HashSet::new(), sweep_at: FIRST_SWEEP }
    }
}

impl Thrift {
    /// Lets `pod` have what others have already. Nothing points into its text any more.
    pub(super) fn share(&mut self, pod: &mut Pod) {
        pod.origin = Origin::default();
        pod.labels = self.labels(&pod.labels);
        self.text(&mut pod.key.namespace);
        self.text(&mut pod.workload.key.namespace);
        self.text(&mut pod.workload.key.name);
        self.text(&mut pod.workload.kind);
        if let Some(node) = &mut pod.node {
            self.text(node);
        }
        if self.texts.len() + self.labels.len() > self.sweep_at {
            self.texts.retain(|text| Arc::strong_count(text) > 1);
            self.labels.retain(|labels| !labels.is_unshared());
            self.sweep_at = FIRST_SWEEP.max(2 * (self.texts.len() + self.labels.len()));
        }
    }

    fn text(&mut self, text: &mut Arc<str>) {
        match self.texts.get(text) {
            Some(shared) => *text = Arc::clone(shared),
            None => drop(self.texts.insert(Arc::clone(text))),
        }
    }

    fn labels(&mut self, labels: &Labels) -> Labels {
        if let Some(shared) = self.labels.get(labels) {
            return shared.clone();
        }
        let mut own = Labels::new();
        for (key, value) in labels.iter() {
            let (mut key, mut value) = (Arc::clone(key), Arc::clone(value));
            self.text(&mut key);
            self.text(&mut value);
            own.set(key, value);
        }
        self.labels.insert(own.clone());
        own
    }
}
