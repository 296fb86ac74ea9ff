//! What somebody who looks at policies must know of a catalog.

use crate::{Catalog, Why, model::Component};
use sekisho_core::{
    object::{Direction, LabelSelector, Labels, Requirement},
    standard::{self, Baseline, Edge, End, Exception, NamedPeer, Stance, Standard},
};
use std::{collections::BTreeSet, sync::Arc};

/// The selector of pods that have all of `labels`.
pub(crate) fn exactly(labels: &Labels) -> LabelSelector {
    let one =
        |(key, value): (&Arc<str>, &Arc<str>)| Requirement::In(Arc::clone(key), [Arc::clone(value)].into());
    labels.iter().map(one).collect()
}

impl Catalog {
    /// The standard of one environment, or of manifests of no particular one. It knows no day: whoever looks at it
    /// says which it is.
    #[must_use]
    pub fn standard(&self, environment: Option<&str>) -> Standard {
        let closed = self.namespaces().into_iter().filter(|(_, stance)| *stance == Stance::Closed);
        let peers = self.peers.iter().map(|peer| {
            let named = NamedPeer {
                whom: peer.whom.clone(),
                role: peer.role,
                environments: peer.environments.clone(),
                origin: peer.origin.clone(),
            };
            (Arc::clone(&peer.name), named)
        });
        Standard {
            environment: environment.map(Arc::from),
            naming: Some(self.naming.clone()),
            baseline: Some(Baseline {
                name: Arc::clone(&self.baseline),
                closed: closed.map(|(name, _)| name).collect(),
            }),
            exempt: self.exempt.clone(),
            peers: peers.collect(),
            components: self.components().map(|component| self.component_of_standard(component)).collect(),
            edges: self.edges(environment),
            exceptions: self.exceptions(environment),
            today: None,
        }
    }

    fn component_of_standard(&self, component: &Component) -> standard::Component {
        let own = End::Component(component.key.clone());
        let admits: BTreeSet<Arc<str>> = self
            .calls
            .iter()
            .filter(|call| call.to == own && call.why == Why::Tier)
            .filter_map(|call| match &call.from {
                End::Peer(name) => Some(Arc::clone(name)),
                End::Component(_) => None,
            })
            .collect();
        standard::Component {
            key: component.key.clone(),
            pods: exactly(&component.labels),
            tier: Arc::clone(&component.tier),
            egress: component.egress,
            admits,
            ports: component.ports.clone(),
            origin: component.origin.clone(),
        }
    }

    /// Who calls whom in `environment`, but for what is allowed for a time.
    fn edges(&self, environment: Option<&str>) -> Vec<Edge> {
        let calls = self.calls.iter().filter(|call| !matches!(call.why, Why::Exception { .. }));
        let here = calls.filter(|call| is_in(self.environments_of(call).as_ref(), environment));
        here.map(|call| Edge {
            from: call.from.clone(),
            to: call.to.clone(),
            ports: self.ports(&call.to).to_vec(),
            origin: call.origin.clone(),
        })
        .collect()
    }

    fn exceptions(&self, environment: Option<&str>) -> Vec<Exception> {
        let here = self.calls.iter().filter(|call| is_in(call.environments.as_ref(), environment));
        here.filter_map(|call| {
            let Why::Exception { direction, reason, until } = &call.why else { return None };
            let (own, with) = match direction {
                Direction::Ingress => (&call.to, &call.from),
                Direction::Egress => (&call.from, &call.to),
            };
            let End::Component(component) = own else { return None };
            Some(Exception {
                component: component.clone(),
                direction: *direction,
                with: with.clone(),
                reason: Arc::clone(reason),
                until: *until,
                origin: call.origin.clone(),
            })
        })
        .collect()
    }
}

/// Whether what holds in `environments` holds in `environment`; where none is known, whether it holds in some.
pub(crate) fn is_in(environments: Option<&BTreeSet<Arc<str>>>, environment: Option<&str>) -> bool {
    match (environments, environment) {
        (None, _) => true,
        (Some(some), None) => !some.is_empty(),
        (Some(some), Some(environment)) => some.contains(environment),
    }
}
