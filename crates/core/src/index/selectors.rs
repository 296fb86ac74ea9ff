//! Distinct selectors, each with the bitmap of the pods it selects.

use super::{
    key::{NamespaceScope, PodSelectorKey, PolicyKey, SetKey},
    labels::{LabelIds, Matcher},
    pods::{PodId, PodTable},
    rules::PolicyRules,
};
use crate::{
    object::{LabelSelector, Labels, Pod},
    set::Protocol,
};
use roaring::RoaringBitmap;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// A selector in use.
#[derive(Debug)]
pub(super) struct Selector {
    pub(super) key: Arc<PodSelectorKey>,
    matcher: Matcher,
    /// The pods it selects.
    pub(super) pods: RoaringBitmap,
    /// The policies whose subjects it selects.
    pub(super) subjects_of: BTreeSet<PolicyKey>,
    /// How many rules use the set of its pods' addresses.
    address_users: usize,
    /// How many rules use each named port of its pods.
    port_users: BTreeMap<(Protocol, Arc<str>), usize>,
}

impl Selector {
    /// The sets of this selector that some rule uses.
    pub(super) fn sets(&self) -> impl Iterator<Item = SetKey> + '_ {
        let addresses = (self.address_users > 0).then(|| SetKey::Pods(Arc::clone(&self.key)));
        let ports = self.port_users.keys().map(|(protocol, name)| SetKey::NamedPort {
            pods: Arc::clone(&self.key),
            protocol: *protocol,
            name: Arc::clone(name),
        });
        addresses.into_iter().chain(ports)
    }

    /// Whether policies select their subjects by it.
    pub(super) fn has_subjects(&self) -> bool {
        !self.subjects_of.is_empty()
    }

    fn is_unused(&self) -> bool {
        self.subjects_of.is_empty() && self.address_users == 0 && self.port_users.is_empty()
    }

    /// Whether a pod with `labels`, whose namespace has `namespace` labels, is selected.
    fn matches(&self, pod: &Pod, labels: &LabelIds, namespace: &Labels) -> bool {
        self.key.namespaces().has(&pod.key.namespace, namespace) && self.matcher.matches(labels)
    }
}

/// Where a selector is found for a pod: by its namespace where it names some, and by a label that it
/// demands where it demands one.
type Anchor = (Option<Arc<str>>, Option<u32>);

/// The selectors in use.
#[derive(Debug, Default)]
pub(super) struct SelectorTable {
    by_key: HashMap<Arc<PodSelectorKey>, Selector>,
    anchored: HashMap<Anchor, BTreeSet<Arc<PodSelectorKey>>>,
    /// Those by which policies select subjects in namespaces that they do not name: few, and apart
    /// from the many that are peers in such.
    wide: BTreeSet<Arc<PodSelectorKey>>,
}

impl SelectorTable {
    /// The selector of this key.
    pub(super) fn get(&self, key: &Arc<PodSelectorKey>) -> Option<&Selector> {
        self.by_key.get(key)
    }

    /// The selectors in use. In no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Selector> {
        self.by_key.values()
    }

    /// Puts the selectors of this table in place of those of a policy that nobody else holds yet: looking one up then ends with
    /// a look at where it lies, and memory has it once.
    pub(super) fn share_with(&self, policy: &mut Arc<PolicyRules>) {
        if let Some(policy) = Arc::get_mut(policy) {
            policy.share_selectors(|key| {
                if let Some(known) = self.by_key.get_key_value(key).map(|(known, _)| Arc::clone(known)) {
                    *key = known;
                }
            });
        }
    }

    /// The selectors of peers that select nobody. In no order.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Arc<PodSelectorKey>> {
        let is_of_peers = |selector: &Selector| selector.address_users > 0 || !selector.port_users.is_empty();
        let missing = self.by_key.iter().filter(move |(_, one)| one.pods.is_empty() && is_of_peers(one));
        missing.map(|(key, _)| key)
    }

    /// The selectors by which policies select their subjects. In no order.
    pub(super) fn with_subjects(&self) -> impl Iterator<Item = &Selector> {
        self.by_key.values().filter(|selector| !selector.subjects_of.is_empty())
    }

    /// The selectors that a pod with `labels` is selected by.
    pub(super) fn selecting(
        &self,
        pod: &Pod,
        labels: &LabelIds,
        namespace: &Labels,
    ) -> BTreeSet<Arc<PodSelectorKey>> {
        let pairs = labels.pairs.iter().map(|pair| Some(*pair)).chain([None]);
        pairs
            .flat_map(|pair| [(Some(Arc::clone(&pod.key.namespace)), pair), (None, pair)])
            .filter_map(|anchor| self.anchored.get(&anchor))
            .flatten()
            .filter(|key| self.get(key).is_some_and(|selector| selector.matches(pod, labels, namespace)))
            .cloned()
            .collect()
    }

    /// The selectors of `pod` by which policies select their subjects, sorted.
    pub(super) fn subject_selectors(
        &self,
        pod: &Pod,
        labels: &LabelIds,
        namespace: &Labels,
    ) -> Vec<&Selector> {
        let pairs = labels.pairs.iter().map(|pair| Some(*pair)).chain([None]);
        let anchors = pairs.map(|pair| (Some(Arc::clone(&pod.key.namespace)), pair));
        let keys = anchors.filter_map(|anchor| self.anchored.get(&anchor)).flatten();
        // INVARIANT: what is wide names no namespace, so no anchor of one leads to it as well.
        let selectors = keys.chain(&self.wide).filter_map(|key| self.get(key));
        let selectors = selectors.filter(|s| s.has_subjects() && s.matches(pod, labels, namespace));
        let mut selectors: Vec<_> = selectors.collect();
        selectors.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        selectors
    }

    /// The selectors that a change of a namespace's labels touches, sorted.
    pub(super) fn depending_on(
        &self,
        name: &Arc<str>,
        before: &Labels,
        after: &Labels,
    ) -> BTreeSet<Arc<PodSelectorKey>> {
        let differs = |selector: &LabelSelector| selector.matches(before) != selector.matches(after);
        let of_labels = |key: &&Arc<PodSelectorKey>| match key.namespaces() {
            NamespaceScope::One(_) => false,
            scope @ NamespaceScope::Matching(selector) => {
                scope.names().is_none_or(|names| names.contains(&name)) && differs(selector)
            }
        };
        self.by_key.keys().filter(of_labels).cloned().collect()
    }

    /// Notes that `pod` is selected, or no more.
    pub(super) fn set_member(&mut self, key: &Arc<PodSelectorKey>, pod: PodId, selected: bool) {
        if let Some(selector) = self.by_key.get_mut(key) {
            if selected {
                selector.pods.insert(pod);
            } else {
                selector.pods.remove(pod);
            }
        }
    }

    /// Evaluates one selector anew for `pods` of a namespace whose labels are `namespace` now.
    pub(super) fn reevaluate(
        &mut self,
        key: &Arc<PodSelectorKey>,
        ids: &RoaringBitmap,
        pods: &PodTable,
        namespace: &Labels,
    ) {
        let Some(selector) = self.by_key.get_mut(key) else { return };
        for id in ids {
            let (Some(pod), Some(labels)) = (pods.get(id), pods.labels_of(id)) else { continue };
            if selector.matches(pod, labels, namespace) {
                selector.pods.insert(id);
            } else {
                selector.pods.remove(id);
            }
        }
    }

    /// One user more for a set; its selector is evaluated when it is new.
    pub(super) fn acquire_set(&mut self, set: &SetKey, pods: &mut PodTable, scope: &dyn Scope) {
        let selector = self.ensure(set.selector(), pods, scope);
        match set {
            SetKey::Pods(_) => selector.address_users += 1,
            SetKey::NamedPort { protocol, name, .. } => {
                *selector.port_users.entry((*protocol, Arc::clone(name))).or_default() += 1;
            }
        }
    }

    /// One user fewer for a set.
    pub(super) fn release_set(&mut self, set: &SetKey, pods: &mut PodTable) {
        if let Some(selector) = self.by_key.get_mut(set.selector()) {
            match set {
                SetKey::Pods(_) => selector.address_users = selector.address_users.saturating_sub(1),
                SetKey::NamedPort { protocol, name, .. } => {
                    let key = (*protocol, Arc::clone(name));
                    let users = selector.port_users.remove(&key).unwrap_or_default();
                    if users > 1 {
                        selector.port_users.insert(key, users - 1);
                    }
                }
            }
        }
        self.drop_unused(set.selector(), pods);
    }

    /// Notes that `policy` has the selected pods as its subjects.
    pub(super) fn acquire_subjects(
        &mut self,
        key: &Arc<PodSelectorKey>,
        policy: &PolicyKey,
        pods: &mut PodTable,
        scope: &dyn Scope,
    ) {
        self.ensure(key, pods, scope).subjects_of.insert(policy.clone());
        if key.namespaces().names().is_none() {
            self.wide.insert(Arc::clone(key));
        }
    }

    /// Takes [`Self::acquire_subjects`] back.
    pub(super) fn release_subjects(
        &mut self,
        key: &Arc<PodSelectorKey>,
        policy: &PolicyKey,
        pods: &mut PodTable,
    ) {
        if let Some(selector) = self.by_key.get_mut(key) {
            selector.subjects_of.remove(policy);
            if !selector.has_subjects() {
                self.wide.remove(key);
            }
        }
        self.drop_unused(key, pods);
    }

    fn ensure(&mut self, key: &Arc<PodSelectorKey>, pods: &mut PodTable, scope: &dyn Scope) -> &mut Selector {
        self.by_key.entry(Arc::clone(key)).or_insert_with(|| {
            let matcher = pods.labels.compile(key.pods());
            let selected = pods.labels.select(&matcher, scope.pods_of(key.namespaces(), pods));
            for anchor in anchors(key, &matcher) {
                self.anchored.entry(anchor).or_default().insert(Arc::clone(key));
            }
            Selector {
                key: Arc::clone(key),
                matcher,
                pods: selected,
                subjects_of: BTreeSet::new(),
                address_users: 0,
                port_users: BTreeMap::new(),
            }
        })
    }

    fn drop_unused(&mut self, key: &Arc<PodSelectorKey>, pods: &mut PodTable) {
        if !self.get(key).is_some_and(Selector::is_unused) {
            return;
        }
        let Some(selector) = self.by_key.remove(key) else { return };
        for anchor in anchors(key, &selector.matcher) {
            if let Some(keys) = self.anchored.get_mut(&anchor) {
                keys.remove(key);
                if keys.is_empty() {
                    self.anchored.remove(&anchor);
                }
            }
        }
        pods.labels.release_matcher(&selector.matcher);
    }
}

/// Who knows the labels of namespaces.
pub(super) trait Scope {
    /// The pods of the namespaces in `scope`.
    fn pods_of(&self, scope: &NamespaceScope, pods: &PodTable) -> RoaringBitmap;
}

fn anchors(key: &PodSelectorKey, matcher: &Matcher) -> Vec<Anchor> {
    let namespaces = match key.namespaces().names() {
        Some(names) => names.into_iter().cloned().map(Some).collect(),
        None => vec![None],
    };
    let pairs = match matcher.anchors() {
        Some(pairs) => pairs.iter().copied().map(Some).collect(),
        None => vec![None],
    };
    namespaces.iter().flat_map(|name| pairs.iter().map(|pair| (name.clone(), *pair))).collect()
}
