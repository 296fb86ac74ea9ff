//! Everything that leads into the cluster from outside, besides Services.

use super::{Class, Gateway, Ingress, ObjectKey, ReferenceGrant, Route};
use std::{collections::BTreeMap, sync::Arc};

/// The objects that describe ways in. No verdict depends on them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entrances {
    /// Ingresses by namespace and name.
    pub ingresses: BTreeMap<ObjectKey, Ingress>,
    /// IngressClasses by name.
    pub ingress_classes: BTreeMap<Arc<str>, Class>,
    /// Gateways by namespace and name.
    pub gateways: BTreeMap<ObjectKey, Gateway>,
    /// GatewayClasses by name.
    pub gateway_classes: BTreeMap<Arc<str>, Class>,
    /// Routes by kind, and namespace and name.
    pub routes: BTreeMap<(Arc<str>, ObjectKey), Route>,
    /// ReferenceGrants by namespace and name.
    pub grants: BTreeMap<ObjectKey, ReferenceGrant>,
}
