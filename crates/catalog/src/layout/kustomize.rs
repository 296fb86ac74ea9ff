//! A base with what all environments have in common, and an overlay for each with what it adds.
//!
//! The lists of a NetworkPolicy have no merge keys: a strategic patch would replace them whole, and a later change
//! of the base would be lost in every overlay. So an overlay adds single peers by a JSON patch (RFC 6902), and
//! where what is common is no part of an environment's policy, the policy stands whole in each overlay.

use super::{Files, manifest, marked, path};
use crate::{Catalog, Draft, Written, generate::comment};
use sekisho_core::object::Direction;
use sekisho_k8s::emit::{self, Item, Value};
use std::collections::BTreeMap;

pub(super) fn files(catalog: &Catalog) -> Files {
    let mut files = Files::new();
    let mut base = Vec::new();
    let drafts = catalog.drafts();
    for draft in &drafts {
        if let Some(common) = draft.common() {
            let path = path(&draft.key);
            files.insert(format!("base/{path}"), marked(&manifest(&common)));
            base.push(path);
        }
    }
    files.insert("base/kustomization.yaml".to_owned(), kustomization(base, &[]));
    for environment in catalog.environment_names() {
        overlay(&drafts, environment, &mut files);
    }
    files
}

fn overlay(drafts: &[Draft], environment: &str, files: &mut Files) {
    let folder = format!("overlays/{environment}");
    let (mut resources, mut patches) = (vec!["../../base".to_owned()], Vec::new());
    for draft in drafts {
        let Some(written) = draft.written(Some(environment)) else { continue };
        let path = path(&draft.key);
        if draft.common().is_none() {
            files.insert(format!("{folder}/{path}"), marked(&manifest(&written)));
            resources.push(path);
        } else if let Some(patch) = patch(draft, environment) {
            let path = format!("patches/{path}");
            files.insert(format!("{folder}/{path}"), marked(&patch.to_document()));
            patches.push((path, written));
        }
    }
    files.insert(format!("{folder}/kustomization.yaml"), kustomization(resources, &patches));
}

/// What adds the environment's own peers to the base's policy, where it has some.
fn patch(draft: &Draft, environment: &str) -> Option<Value> {
    let mut steps = Vec::new();
    let mut rules: BTreeMap<Direction, usize> = BTreeMap::new();
    for rule in &draft.rules {
        // Each rule of the base is in every environment, so rules have the same place in both.
        let at = rules.entry(rule.direction).and_modify(|at| *at += 1).or_insert(0);
        let here = rule.peers.iter().filter(|peer| peer.is_in(environment));
        let mut said = None;
        for (index, peer) in here.enumerate() {
            let heading = peer.heading.as_ref().filter(|heading| said != Some(*heading));
            said = peer.heading.as_ref();
            if peer.environments.is_none() {
                continue;
            }
            let (direction, field) = (rule.direction, rule.direction.peer_field());
            let value = emit::peer(&peer.kind, Some(peer.who.clone()));
            let step = Value::Map(vec![
                Item::of("op", Value::text("add")),
                Item::of("path", Value::text(format!("/spec/{direction}/{at}/{field}/{index}"))),
                Item::of("value", value),
            ]);
            let above = heading.map(|heading| comment(heading)).unwrap_or_default();
            steps.push(Item::new(step).below(above));
        }
    }
    (!steps.is_empty()).then_some(Value::List(steps))
}

fn kustomization(resources: Vec<String>, patches: &[(String, Written)]) -> String {
    let mut fields = vec![
        Item::of("apiVersion", Value::text("kustomize.config.k8s.io/v1beta1")),
        Item::of("kind", Value::text("Kustomization")),
        Item::of("resources", Value::texts(resources)),
    ];
    if !patches.is_empty() {
        let patches = patches.iter().map(|(path, written)| {
            let key = &written.policy.key;
            let target = Value::Map(vec![
                Item::of("group", Value::text("networking.k8s.io")),
                Item::of("kind", Value::text("NetworkPolicy")),
                Item::of("name", Value::text(&*key.name)),
                Item::of("namespace", Value::text(&*key.namespace)),
            ]);
            let path = Item::of("path", Value::text(path.clone()));
            Item::new(Value::Map(vec![path, Item::of("target", target)]))
        });
        fields.push(Item::of("patches", Value::List(patches.collect())));
    }
    marked(&Value::Map(fields).to_document())
}
