//! A chart, with the environment as a value.
//!
//! What is not in every environment stands between `if` and `end`. A rule none of whose peers is in some environment
//! is guarded as a whole: left without peers it would let in everybody.

use super::{Files, manifest, marked, path};
use crate::{Catalog, Draft, Written};
use sekisho_k8s::emit::{Item, Place, Remark, Remarks, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const END: &str = "{{- end }}";

pub(super) fn files(catalog: &Catalog) -> Files {
    let mut files = Files::new();
    files.insert("Chart.yaml".to_owned(), marked(&chart().to_document()));
    let names: Vec<&str> = catalog.environment_names().map(|name| &**name).collect();
    files.insert("values.yaml".to_owned(), marked(&values(&names).to_document()));
    files.insert("values.schema.json".to_owned(), schema(&names));
    for draft in catalog.drafts() {
        if let Some(text) = template(&draft) {
            files.insert(format!("templates/{}", path(&draft.key)), text);
        }
    }
    files
}

fn chart() -> Value {
    Value::Map(vec![
        Item::of("apiVersion", Value::text("v2")),
        Item::of("name", Value::text("network-policies")),
        Item::of("description", Value::text("The NetworkPolicies of all services")),
        Item::of("type", Value::text("application")),
        Item::of("version", Value::text("0.1.0")),
    ])
}

/// Without a default: a chart that takes itself for some environment opens what is meant for another.
fn values(environments: &[&str]) -> Value {
    if environments.is_empty() {
        return Value::Map(Vec::new());
    }
    let about = format!("# Which environment it is: {}.", environments.join(", "));
    Value::Map(vec![Item::of("environment", Value::text("")).below([about])])
}

/// Helm refuses values that do not fit it: an environment mistyped would leave out what is guarded.
fn schema(environments: &[&str]) -> String {
    let mark = super::MARK.trim_start_matches("# ");
    let names: Vec<String> = environments.iter().map(|name| format!("\"{name}\"")).collect();
    let properties = if names.is_empty() {
        String::new()
    } else {
        format!(
            ",\n  \"required\": [\"environment\"],\n  \"properties\": {{\n    \"environment\": {{ \"enum\": [{}] }}\n  }}",
            names.join(", ")
        )
    };
    format!("{{\n  \"$comment\": \"{mark}\",\n  \"type\": \"object\"{properties}\n}}\n")
}

/// The policy of all environments, with what is in some of them between guards.
fn template(draft: &Draft) -> Option<String> {
    let mut written = draft.everywhere()?;
    let of_policy = draft.environments();
    let mut at = BTreeMap::new();
    for rule in &draft.rules {
        let index = *at.entry(rule.direction).and_modify(|at| *at += 1).or_insert(0_usize);
        let of_rule = rule.environments();
        // What is guarded with the whole that it is a part of needs no guard of its own.
        if let Some(some) = of_rule.as_ref().filter(|_| of_rule != of_policy) {
            let place = Place::Rule(rule.direction, index);
            guard(&mut written.remarks, place, place, some);
        }
        let mut first = 0;
        for run in rule.peers.chunk_by(|one, next| one.environments == next.environments) {
            let place = |peer| Place::Peer(rule.direction, index, peer);
            let (from, to) = (place(first), place(first + run.len() - 1));
            first += run.len();
            let environments = run.first().and_then(|peer| peer.environments.as_ref());
            if let Some(some) = environments.filter(|some| Some(*some) != of_rule.as_ref()) {
                guard(&mut written.remarks, from, to, some);
            }
        }
    }
    let text = manifest(&escaped(written));
    Some(marked(&match of_policy {
        None => text,
        Some(some) => format!("{}\n{text}{END}\n", condition(&some)),
    }))
}

fn condition(environments: &BTreeSet<Arc<str>>) -> String {
    let names: Vec<String> = environments.iter().map(|name| format!("\"{name}\"")).collect();
    format!("{{{{- if has .Values.environment (list {}) }}}}", names.join(" "))
}

/// Puts what stands from one place to another under a condition.
fn guard(remarks: &mut Remarks, from: Place, to: Place, environments: &BTreeSet<Arc<str>>) {
    remarks.entry(from).or_default().above.insert(0, condition(environments));
    remarks.entry(to).or_default().below.push(END.to_owned());
}

/// The same with no comment that Helm would take for its own language.
fn escaped(mut written: Written) -> Written {
    let plain = |text: &str| {
        let mut text = text.to_owned();
        while text.contains("{{") {
            text = text.replace("{{", "{ {");
        }
        text
    };
    for Remark { above, beside, .. } in written.remarks.values_mut() {
        for line in above.iter_mut().filter(|line| line.starts_with('#')) {
            *line = plain(line);
        }
        *beside = beside.as_deref().map(plain);
    }
    written
}
