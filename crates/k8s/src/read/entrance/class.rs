//! IngressClasses and GatewayClasses.

use super::{balancer, required, spec};
use crate::{
    read::{
        context::{Context, Path},
        meta,
    },
    tree::NodeId,
};
use sekisho_core::object::Class;

/// The annotation of the class of Ingresses that name none.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// The class of `kind` at `node`.
pub(super) fn read(cx: &mut Context<'_>, node: NodeId, kind: &str) -> Option<Class> {
    let meta = meta::read(cx, node)?;
    let spec = spec(cx, node)?;
    let field = if kind == "IngressClass" { "controller" } else { "controllerName" };
    let controller = required(cx, spec, field, Path::TOP.field("spec"))?.into();
    let is_default = balancer::annotation(cx, node, DEFAULT) == Some("true");
    Some(Class { name: meta.key.name, controller, is_default, origin: meta.origin })
}
