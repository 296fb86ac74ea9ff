//! The clauses: each in CEL, true of what is right, and in Rego, true of what is wrong.

use super::{
    cel::{covered, excepts, is_everything, of_own, overlap},
    list, quoted,
    tables::cidrs,
};
use sekisho_core::standard::{NamedPeer, Naming, Role, Standard, Whom};

/// Something that a policy is refused for.
pub(crate) struct Clause {
    /// The code of the built-in rule.
    pub(crate) code: &'static str,
    /// What is wrong, and how to mend it.
    pub(crate) message: String,
    /// In CEL.
    pub(crate) cel: Cel,
    /// In Rego: the body of a rule that is true where something is wrong. Where the CEL has texts, `what` is one.
    pub(crate) rego: Vec<String>,
}

/// How CEL tells that something is wrong.
pub(crate) enum Cel {
    /// True where all is right.
    Right(String),
    /// A list of lists of texts, in which what is wrong is written.
    Wrong(String),
}

/// The clauses of a standard, ascending by code.
pub(crate) fn clauses(standard: &Standard) -> Vec<Clause> {
    let mut clauses =
        vec![empty_rule(), whole_namespace(), every_namespace(), any_address(), everybody(), all_ports()];
    if let Some(environment) = &standard.environment {
        let elsewhere = |peer: &NamedPeer| peer.role != Role::Nat && !peer.is_of(Some(environment));
        for (name, peer) in standard.peers.iter().filter(|(_, peer)| elsewhere(peer)) {
            let message = format!(
                "addresses of `{name}`, whom policies of `{environment}` may not name; delete the entry"
            );
            clauses.extend(forbidden("SK401", name, peer, &message));
        }
    }
    for (name, peer) in standard.peers.iter().filter(|(_, peer)| peer.role == Role::Nat) {
        let message =
            format!("addresses of `{name}`, which all who leave there share; name the callers' pods instead");
        clauses.extend(forbidden("SK402", name, peer, &message));
    }
    clauses.extend(standard.naming.as_ref().map(name));
    clauses
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// What is said of every peer that the standard does not admit.
fn of_strangers(condition: &str) -> Cel {
    Cel::Right(format!("variables.strangers[0].all(peers, peers.all(peer, {condition}))"))
}

fn empty_rule() -> Clause {
    Clause {
        code: "SK114",
        message: "an empty ingress rule lets everybody in; name who is to get in, or delete the rule"
            .to_owned(),
        cel: Cel::Right(
            "variables.ingress.all(rule, (has(rule.from) && size(rule.from) > 0) ||\n\
             (has(rule.ports) && size(rule.ports) > 0))"
                .to_owned(),
        ),
        rego: lines(&["rule := ingress[_]", "count(from(rule)) == 0", "count(ports(rule)) == 0"]),
    }
}

fn whole_namespace() -> Clause {
    Clause {
        code: "SK301",
        message: "a whole namespace gets through; name the pods by a `podSelector` in the same entry"
            .to_owned(),
        cel: of_strangers(&format!(
            "!has(peer.namespaceSelector) || {} ||\n(has(peer.podSelector) && !{})",
            is_everything("peer.namespaceSelector"),
            is_everything("peer.podSelector")
        )),
        rego: lines(&[
            "peer := from(ingress[_])[_]",
            "peer.namespaceSelector",
            "not is_everything(peer.namespaceSelector)",
            "is_everything(object.get(peer, \"podSelector\", {}))",
            "not admitted(peer)",
        ]),
    }
}

fn every_namespace() -> Clause {
    Clause {
        code: "SK302",
        message: "pods of every namespace get through; name the namespaces in the `namespaceSelector`"
            .to_owned(),
        cel: of_strangers(&format!(
            "!has(peer.namespaceSelector) || !{}",
            is_everything("peer.namespaceSelector")
        )),
        rego: lines(&[
            "peer := from(ingress[_])[_]",
            "is_everything(peer.namespaceSelector)",
            "not admitted(peer)",
        ]),
    }
}

fn any_address() -> Clause {
    Clause {
        code: "SK303",
        message: "the whole internet; write the ranges that are meant".to_owned(),
        cel: Cel::Wrong("variables.blocks.map(some, some[0].map(block, block.cidr))".to_owned()),
        rego: lines(&[
            "blocks := strange_blocks(ingress[_])",
            "whole_internet(blocks)",
            "what := concat(\"`, `\", [block.cidr | block := blocks[_]])",
        ]),
    }
}

fn everybody() -> Clause {
    Clause {
        code: "SK303",
        message: "a rule without `from` lets everybody in on its ports; write who is meant".to_owned(),
        cel: Cel::Right(
            "variables.ingress.all(rule, !has(rule.ports) || size(rule.ports) == 0 ||\n\
             (has(rule.from) && size(rule.from) > 0))"
                .to_owned(),
        ),
        rego: lines(&["rule := ingress[_]", "count(from(rule)) == 0", "count(ports(rule)) > 0"]),
    }
}

fn all_ports() -> Clause {
    Clause {
        code: "SK305",
        message:
            "a rule without ports, or an entry without `port`, is about all of them; list the ports that are called"
                .to_owned(),
        cel: Cel::Right("variables.strangers[1].all(peers, size(peers) == 0)".to_owned()),
        rego: lines(&[
            "rule := ingress[_]",
            "is_about_all_ports(rule)",
            "peer := from(rule)[_]",
            "not admitted(peer)",
        ]),
    }
}

/// Somebody of whose addresses no policy may name any, but where the standard says so.
fn forbidden(code: &'static str, name: &str, peer: &NamedPeer, message: &str) -> Option<Clause> {
    let Whom::Ranges(_) = &peer.whom else { return None };
    let ranges = list(&cidrs(&peer.whom.addresses()));
    let name = quoted(name);
    let excused = of_own("excepted", &format!("{name} in part[name]"));
    let narrower = "cidr(range).containsCIDR(block.cidr) ? block.cidr : range";
    let wrong = format!(
        "{ranges}.exists(range,\n{} &&\n!{})",
        overlap("range", "block.cidr"),
        covered(narrower, &excepts("block"))
    );
    Some(Clause {
        code,
        message: message.to_owned(),
        cel: Cel::Wrong(format!(
            "{excused} ? [] :\n\
             variables.blocks.map(some, some[1].filter(block, {wrong}).map(block, block.cidr))"
        )),
        rego: vec![
            "blocks := strange_blocks(ingress[_])".to_owned(),
            "not whole_internet(blocks)".to_owned(),
            "block := blocks[_]".to_owned(),
            format!("range := {ranges}[_]"),
            format!("has_addresses(block, range, {name})"),
            "what := block.cidr".to_owned(),
        ],
    })
}

fn name(naming: &Naming) -> Clause {
    let key = quoted(&naming.name);
    let labels = "object.spec.podSelector.matchLabels";
    Clause {
        code: "SK603",
        message: format!("a policy is called after the `{}` of its pods, or that, `-` and more", naming.name),
        cel: Cel::Right(format!(
            "!has(object.spec.podSelector) || !has({labels}) || !({key} in {labels}) ||\n\
             object.metadata.name == {labels}[{key}] ||\n\
             object.metadata.name.startsWith({labels}[{key}] + \"-\") ||\n\
             variables.own.exists(names, names.exists(name, object.metadata.name == name ||\n\
             object.metadata.name.startsWith(name + \"-\")))"
        )),
        rego: vec![
            format!("label := policy.spec.podSelector.matchLabels[{key}]"),
            "not is_after(policy.metadata.name, label)".to_owned(),
            "not is_called_so".to_owned(),
        ],
    }
}
