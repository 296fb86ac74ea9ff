//! The schema of the file of promises that `sekisho test` reads: for editors. What is read is said by
//! `sekisho-k8s`, and a test holds the two against each other.

use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Who can reach whom: promises that the policies of a cluster keep.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(title = "sekisho promises", deny_unknown_fields)]
pub(super) struct File {
    /// The version of this format.
    #[schemars(extend("const" = 1))]
    version: u8,
    /// Names for sets of pods, or of addresses. `anyone`, `cluster` (every pod) and `internet` (every
    /// address that no pod bears) need no definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<BTreeMap<String, Group>>,
    /// The promises.
    promises: Vec<Promise>,
}

/// A set of pods by their labels, or a set of addresses.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{"required": ["pods"]}, {"required": ["namespaces"]}, {"required": ["addresses"]}]))]
struct Group {
    /// A label selector of pods, as kubectl takes it: `app=web,tier in (a, b),!debug`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pods: Option<String>,
    /// A label selector of namespaces. With `pods`: those pods in these namespaces. By itself: all their
    /// pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<String>,
    /// Addresses or address blocks, as far as no pod bears them.
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<OneOrMore>,
    /// Who does not belong to it although they are among the former: groups that are defined above, or
    /// what a promise could name.
    #[serde(skip_serializing_if = "Option::is_none")]
    except: Option<OneOrMore>,
}

/// A promise: `who` with `can reach`, `cannot reach` or `can reach only`; or `only` with `can reach`.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["who", "can reach", "on ports"], "properties": {"only": false, "cannot reach": false, "can reach only": false}},
    {"required": ["who", "cannot reach"], "properties": {"only": false, "can reach": false, "can reach only": false}},
    {"required": ["who", "can reach only"], "properties": {"only": false, "can reach": false, "cannot reach": false}},
    {"required": ["only", "can reach"], "properties": {"who": false, "cannot reach": false, "can reach only": false}}
]))]
struct Promise {
    /// What is promised, as you would say it. No two promises have the same name.
    name: String,
    /// Who opens connections: each of them can, or none of them can. Groups, `namespace/name` of a
    /// workload, `namespace/*`, or address blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<OneOrMore>,
    /// Who alone can: nobody else. Whether they can is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<OneOrMore>,
    /// Whom: on all of the ports.
    #[serde(rename = "can reach", skip_serializing_if = "Option::is_none")]
    can_reach: Option<OneOrMore>,
    /// Whom not: on none of the ports.
    #[serde(rename = "cannot reach", skip_serializing_if = "Option::is_none")]
    cannot_reach: Option<OneOrMore>,
    /// Whom alone: nobody else. Whether they can is not said.
    #[serde(rename = "can reach only", skip_serializing_if = "Option::is_none")]
    can_reach_only: Option<OneOrMore>,
    /// What both sides have in common, where only such pairs are meant: the key of a label of the pods,
    /// `namespace`, or `namespace label KEY`.
    #[serde(rename = "with the same", skip_serializing_if = "Option::is_none")]
    with_the_same: Option<String>,
    /// `TCP/8080`, `8080` (TCP), `TCP/8000-8100`, `UDP`, the name of a container port, `declared`
    /// for every container port of the pods that are reached, or `all`. Any
    /// traffic where it is left out, which it is not with `who` and `can reach`.
    #[serde(rename = "on ports", skip_serializing_if = "Option::is_none")]
    on_ports: Option<Ports>,
    /// Why it is promised, for whoever breaks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    /// Whether it is kept where there is nothing that it is about.
    #[serde(rename = "may match nothing", skip_serializing_if = "Option::is_none")]
    may_match_nothing: Option<bool>,
}

/// One, or several.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is made")]
enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(#[schemars(length(min = 1))] Vec<String>),
}

/// One port, or several.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is made")]
enum Ports {
    /// One.
    One(Port),
    /// Several.
    More(#[schemars(length(min = 1))] Vec<Port>),
}

/// A port.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is made")]
enum Port {
    /// A port of TCP.
    Number(#[schemars(range(min = 1, max = 65535))] u16),
    /// Any other.
    Text(String),
}
