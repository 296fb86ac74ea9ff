//! The clauses: each in CEL, true of what is right, and in Rego, true of what is wrong.

use super::quoted;
use sekisho_core::{
    object::{Direction, LabelSelector, NAME_LABEL, PeerKind, Requirement},
    set::Cidr,
    standard::{NamedPeer, Naming, Role, Standard, Whom},
};

/// Something that a policy is refused for.
pub(crate) struct Clause {
    /// The code of the built-in rule.
    pub(crate) code: &'static str,
    /// What is wrong, and how to mend it.
    pub(crate) message: String,
    /// In CEL, over `variables.ingress`, the rules that have effect: true where all is right.
    pub(crate) cel: String,
    /// In Rego, over `ingress[rule]`: the body of a rule that is true where something is wrong.
    pub(crate) rego: Vec<String>,
}

/// The clauses of a standard, ascending by code.
pub(crate) fn clauses(standard: &Standard) -> Vec<Clause> {
    let mut clauses = vec![
        empty_rule(),
        whole_namespace(&agreed_namespaces(standard)),
        every_namespace(&open_to_all(standard)),
        any_address(),
        everybody(),
        all_ports(),
    ];
    let ranges = |is_meant: &dyn Fn(&NamedPeer) -> bool| -> Vec<Cidr> {
        let meant = standard.peers.values().filter(|peer| is_meant(peer));
        let ranges = meant.flat_map(|peer| match &peer.whom {
            Whom::Ranges(ranges) => ranges.iter().copied().collect(),
            Whom::Pods { .. } => Vec::new(),
        });
        ranges.collect()
    };
    let environment = standard.environment.as_deref();
    let elsewhere =
        ranges(&|peer| peer.role != Role::Nat && environment.is_some() && !peer.is_of(environment));
    let message = "these addresses belong into another environment; delete the entry";
    clauses.extend(forbidden("SK401", &elsewhere, message));
    let message = "all who leave through a NAT share its addresses; name the callers' pods";
    clauses.extend(forbidden("SK402", &ranges(&|peer| peer.role == Role::Nat), message));
    clauses.extend(standard.naming.as_ref().map(name));
    clauses
}

/// The namespaces that policies may name as a whole.
fn agreed_namespaces(standard: &Standard) -> Vec<String> {
    let mut names = Vec::new();
    for peer in standard.peers.values().filter(|peer| peer.is_of(standard.environment.as_deref())) {
        let Whom::Pods { namespaces, pods: None } = &peer.whom else { continue };
        let mut requirements = namespaces.requirements();
        if let (Some(Requirement::In(key, values)), None) = (requirements.next(), requirements.next())
            && **key == *NAME_LABEL
        {
            names.extend(values.iter().map(ToString::to_string));
        }
    }
    names.sort();
    names.dedup();
    names
}

/// The policies, by `namespace/name`, of components that the whole cluster may call.
fn open_to_all(standard: &Standard) -> Vec<String> {
    let everybody = PeerKind::Namespaces(LabelSelector::everything());
    let open = standard.components.iter();
    let open = open.filter(|component| standard.admits(component, Direction::Ingress, &everybody));
    let mut names: Vec<String> = open.map(|component| component.key.to_string()).collect();
    names.sort();
    names
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// What is said of every peer of every ingress rule.
fn of_peers(condition: &str) -> String {
    format!("variables.ingress.all(rule, !has(rule.from) || rule.from.all(peer, {condition}))")
}

fn empty_rule() -> Clause {
    Clause {
        code: "SK114",
        message: "an empty ingress rule lets everybody in; name who is to get in, or delete the rule"
            .to_owned(),
        cel: "variables.ingress.all(rule, (has(rule.from) && size(rule.from) > 0) || \
              (has(rule.ports) && size(rule.ports) > 0))"
            .to_owned(),
        rego: lines(&["rule := ingress[_]", "count(from(rule)) == 0", "count(ports(rule)) == 0"]),
    }
}

fn whole_namespace(agreed: &[String]) -> Clause {
    let agreed = list(agreed);
    let key = quoted(NAME_LABEL);
    let labels = "peer.namespaceSelector.matchLabels";
    Clause {
        code: "SK301",
        message: "a whole namespace gets through; name the pods by a `podSelector` in the same entry"
            .to_owned(),
        cel: of_peers(&format!(
            "!has(peer.namespaceSelector) || has(peer.podSelector) || (has({labels}) && {key} in {labels} && \
             {labels}[{key}] in {agreed}) || (!has({labels}) && !has(peer.namespaceSelector.matchExpressions))"
        )),
        rego: vec![
            "peer := from(ingress[_])[_]".to_owned(),
            "peer.namespaceSelector != {}".to_owned(),
            "not peer.podSelector".to_owned(),
            format!("not is_one_of(peer.namespaceSelector, {agreed})"),
        ],
    }
}

fn every_namespace(open: &[String]) -> Clause {
    let own = "object.metadata.namespace + \"/\" + object.metadata.name";
    let peers = of_peers(
        "!has(peer.namespaceSelector) || has(peer.namespaceSelector.matchLabels) || \
         has(peer.namespaceSelector.matchExpressions)",
    );
    Clause {
        code: "SK302",
        message: "the pods of every namespace get through; name the namespaces".to_owned(),
        cel: format!("({own}) in {} || {peers}", list(open)),
        rego: vec![
            "peer := from(ingress[_])[_]".to_owned(),
            "peer.namespaceSelector == {}".to_owned(),
            format!("not is_called(policy, {})", list(open)),
        ],
    }
}

fn any_address() -> Clause {
    Clause {
        code: "SK303",
        message: "this block is the whole internet; write the ranges that are meant".to_owned(),
        cel: of_peers("!has(peer.ipBlock) || !peer.ipBlock.cidr.endsWith(\"/0\")"),
        rego: lines(&["peer := from(ingress[_])[_]", "endswith(peer.ipBlock.cidr, \"/0\")"]),
    }
}

fn everybody() -> Clause {
    Clause {
        code: "SK303",
        message: "a rule without `from` lets everybody in on its ports; write who is meant".to_owned(),
        cel: "variables.ingress.all(rule, !has(rule.ports) || size(rule.ports) == 0 || \
              (has(rule.from) && size(rule.from) > 0))"
            .to_owned(),
        rego: lines(&["rule := ingress[_]", "count(from(rule)) == 0", "count(ports(rule)) > 0"]),
    }
}

fn all_ports() -> Clause {
    Clause {
        code: "SK305",
        message: "a rule without ports is about all of them; list the ports that are called".to_owned(),
        cel: "variables.ingress.all(rule, !has(rule.from) || size(rule.from) == 0 || \
              (has(rule.ports) && size(rule.ports) > 0 && rule.ports.all(entry, has(entry.port))))"
            .to_owned(),
        rego: lines(&["rule := ingress[_]", "count(from(rule)) > 0", "opens_all(rule)"]),
    }
}

/// Ranges of which a policy may name no part, and nothing that they are a part of.
fn forbidden(code: &'static str, ranges: &[Cidr], message: &str) -> Option<Clause> {
    let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    let all = list(&ranges);
    let clause = || Clause {
        code,
        message: message.to_owned(),
        cel: of_peers(&format!(
            "!has(peer.ipBlock) || {all}.all(range, !cidr(range).containsCIDR(peer.ipBlock.cidr) && \
             !cidr(peer.ipBlock.cidr).containsCIDR(range))"
        )),
        rego: vec![
            "peer := from(ingress[_])[_]".to_owned(),
            format!("range := {all}[_]"),
            "overlap(range, peer.ipBlock.cidr)".to_owned(),
        ],
    };
    (!ranges.is_empty()).then(clause)
}

fn name(naming: &Naming) -> Clause {
    let key = quoted(&naming.name);
    let labels = "object.spec.podSelector.matchLabels";
    Clause {
        code: "SK603",
        message: format!("a policy is called after the `{}` of its pods, or that, `-` and more", naming.name),
        cel: format!(
            "!has({labels}) || !({key} in {labels}) || object.metadata.name == {labels}[{key}] || \
             object.metadata.name.startsWith({labels}[{key}] + \"-\")"
        ),
        rego: vec![
            format!("label := policy.spec.podSelector.matchLabels[{key}]"),
            "policy.metadata.name != label".to_owned(),
            "not startswith(policy.metadata.name, sprintf(\"%v-\", [label]))".to_owned(),
        ],
    }
}
