//! What the container runtime of this node tells of its pods' addresses.

use super::{State, Steps};
use crate::socket::{Attachment, PodName};
use sekisho_core::object::ObjectKey;
use std::{collections::BTreeSet, io, net::IpAddr, path::Path};

impl State {
    /// What the runtime told an agent before this one is in this file, and what it tells will be.
    #[must_use]
    pub(crate) fn remembering(mut self, path: &Path) -> Self {
        self.pods.remember(path);
        self
    }

    /// Writes down what the runtime told.
    pub(crate) fn write_down(&mut self) -> io::Result<()> {
        self.pods.write_down()
    }

    /// A pod was given addresses, before the API server tells them. Nothing is done where the pod is not
    /// known.
    pub(crate) fn pin(
        &mut self,
        pod: &PodName,
        attachment: &Attachment,
        addresses: &BTreeSet<IpAddr>,
        steps: &mut Steps,
    ) {
        steps.both(self.pods.pin(pod, attachment, addresses));
    }

    /// What a pod had at an attachment was taken from it, whatever the API server tells; and `addresses`,
    /// which are told to have been there, where nothing is known of the attachment.
    pub(crate) fn release(
        &mut self,
        pod: Option<&PodName>,
        attachment: &Attachment,
        addresses: &BTreeSet<IpAddr>,
        steps: &mut Steps,
    ) {
        steps.both(self.pods.release(pod, attachment, addresses));
    }

    /// Of the attachments to `network`, only `kept` are there still.
    pub(crate) fn release_others(&mut self, network: &str, kept: &BTreeSet<Attachment>, steps: &mut Steps) {
        for attachment in self.pods.attachments() {
            if attachment.network == network && !kept.contains(&attachment) {
                self.release(None, &attachment, &BTreeSet::new(), steps);
            }
        }
    }

    /// A pod on this node lost addresses to another one.
    pub(crate) fn lose(&mut self, pod: &ObjectKey, addresses: &BTreeSet<IpAddr>, steps: &mut Steps) {
        steps.both(self.pods.lose(pod, addresses));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::{
        index::Input,
        object::{Change, ObjectKey, Pod},
    };
    use sekisho_k8s::watch::{Id, News, Object, Told, Watched};
    use std::sync::Arc;

    fn at(network: &str, container: &str) -> Attachment {
        let [network, container, interface] = [network, container, "eth0"].map(str::to_owned);
        Attachment { network, container, interface }
    }

    #[test]
    fn of_a_network_only_what_is_kept_stays() {
        let mut state = State::new("here", false);
        let mut steps = Steps::default();
        for (name, network) in [("kept", "pods"), ("gone", "pods"), ("other", "storage")] {
            let key = ObjectKey::new("shop", name);
            let pod = Pod::new(key.clone());
            let id = Id { key, uid: Arc::clone(&pod.uid.0) };
            let uid = Some(pod.uid.to_string());
            let object = Ok(Object::Pod(Arc::new(pod)));
            let told = Told { id, created: None, mode: None, mirror: None, object };
            state.hear(News::Put(Watched::Pod, Box::new(told)), &mut steps);
            let pod = PodName { namespace: "shop".to_owned(), name: name.to_owned(), uid };
            state.pin(&pod, &at(network, name), &BTreeSet::from([[10, 0, 0, 1].into()]), &mut steps);
        }
        let mut steps = Steps::default();
        state.release_others("pods", &BTreeSet::from([at("pods", "kept")]), &mut steps);
        let [Input::Told(Change::PutPod(pod))] = steps.enforced.as_slice() else { panic!("{steps:?}") };
        assert_eq!((&*pod.key.name, pod.addresses.len()), ("gone", 0));
        let mut again = Steps::default();
        state.release_others("pods", &BTreeSet::from([at("pods", "kept")]), &mut again);
        assert!(again.is_empty());
    }
}
