//! What several clauses ask, in CEL.

use super::{
    quoted,
    tables::{Table, Tables, cidrs},
};
use sekisho_core::set::AddressSet;

/// The ingress rules that have effect.
const INGRESS: &str = "\
has(object.spec.ingress) && (!has(object.spec.policyTypes) || object.spec.policyTypes.exists(one, one == \"Ingress\")) ?
object.spec.ingress : []";

const NAMED: &str = "\
variables.admits.map(part, part.filter(name, variables.own.exists(names, name in names)).map(name, part[name]))";

/// How many bytes of an expression a table may take: Kubernetes parses no expression of more than 100,000 characters.
const MOST: usize = 80_000;

/// How many times a block may be halved until its parts are too small to be counted.
pub(super) const HALVINGS: usize = 40;

/// Something that validations look up.
pub(super) struct Variable {
    pub(super) name: String,
    /// What it is, for whoever reviews it.
    pub(super) about: String,
    pub(super) expression: String,
}

impl Variable {
    pub(super) fn new(name: &str, about: &str, expression: String) -> Self {
        Self { name: name.to_owned(), about: about.to_owned(), expression }
    }
}

/// The variables, in an order in which each needs only those before it.
pub(super) fn variables(tables: &Tables) -> Vec<Variable> {
    let shares: Vec<String> = (0..=HALVINGS).rev().map(|power| format!("{}.0", 1_u64 << power)).collect();
    let of_peers = tables.of_peers().into_iter();
    let mut variables: Vec<Variable> = of_peers
        .map(|table| Variable::new(table.name, table.about, super::literal(&table.entries)))
        .collect();
    for table in tables.of_components() {
        variables.extend(of_components(&table));
    }
    let strangers = format!(
        "[variables.ingress.filter(rule, true), variables.ingress.filter(rule, {})].map(rules,\n\
         rules.map(rule, has(rule.from) ? rule.from.filter(peer, !{}) : []))",
        is_about_all_ports(),
        admitted()
    );
    variables.extend([
        Variable::new("internet", "the addresses of the internet: IPv4, IPv6", internet()),
        Variable::new("shares", "a block, its half, its quarter, ...", format!("[{}]", shares.join(", "))),
        Variable::new("ingress", "the ingress rules that have effect", INGRESS.to_owned()),
        Variable::new("own", "the components whose pods the policy selects, or some of them", own()),
        Variable::new("named", "the named peers whom it may let in, of each of them", NAMED.to_owned()),
        Variable::new("strangers", "the other peers: of every rule, and of those about all ports", strangers),
        Variable::new(
            "blocks",
            "the blocks of each rule: if they are the internet together, or if not",
            blocks(),
        ),
    ]);
    variables
}

/// A table of components, in parts, and what it has of the policy's own namespace: a map for each part.
fn of_components(table: &Table) -> Vec<Variable> {
    let mut variables: Vec<Variable> = Vec::new();
    for (number, part) in table.parts(MOST).iter().enumerate() {
        let name = format!("{}{}", table.name, number + 1);
        variables.push(Variable::new(&name, table.about, super::literal(part)));
    }
    let parts: Vec<String> = variables.iter().map(|one| format!("variables.{}", one.name)).collect();
    let here = format!(
        "[{}].filter(part, object.metadata.namespace in part)\n.map(part, part[object.metadata.namespace])",
        parts.join(", ")
    );
    variables.push(Variable::new(table.name, "the same, of this namespace", here));
    variables
}

/// What is asked of one table about the components whose pods the policy selects, called `name` in it.
pub(super) fn of_own(table: &str, holds: &str) -> String {
    format!(
        "variables.{table}.exists(part, part.exists(name,\n\
         variables.own.exists(names, name in names) && {holds}))"
    )
}

/// The blocks of the internet, by family.
pub(super) fn internet() -> String {
    let (v4, v6): (Vec<String>, Vec<String>) =
        cidrs(&AddressSet::internet()).into_iter().partition(|cidr| !cidr.contains(':'));
    format!("[{}, {}]", super::list(&v4), super::list(&v6))
}

/// What holds of `value`, called `name`. CEL has no other way to name something.
fn with(name: &str, value: &str, holds: &str) -> String {
    format!("[{value}].exists({name},\n{holds})")
}

/// Whether `rule` lets its peers in on every port of a protocol, and is not meant to.
fn is_about_all_ports() -> String {
    let protocol = "(has(entry.protocol) ? entry.protocol : \"TCP\")";
    let open = of_own("open", &format!("{protocol} in part[name]"));
    format!(
        "!has(rule.ports) || size(rule.ports) == 0 ||\nrule.ports.exists(entry, !has(entry.port) && !{open})"
    )
}

fn own() -> String {
    let is_own = implies("object.spec.podSelector", "part[name]");
    format!("variables.components.map(part, part.filter(name, has(object.spec.podSelector) &&\n{is_own}))")
}

/// Whether whatever a selector selects meets the conditions of a table.
fn implies(selector: &str, conditions: &str) -> String {
    let labels = "\
has(it.matchLabels) && key in it.matchLabels && (
operator == \"In\" ? it.matchLabels[key] in values :
operator == \"NotIn\" ? !(it.matchLabels[key] in values) :
operator == \"Exists\")";
    let expressions = "\
has(it.matchExpressions) && it.matchExpressions.exists(one, one.key == key && (
operator == \"In\" ? one.operator == \"In\" && one.values.all(value, value in values) :
operator == \"NotIn\" ? one.operator == \"DoesNotExist\" ||
(one.operator == \"NotIn\" && values.all(value, value in one.values)) ||
(one.operator == \"In\" && !one.values.exists(value, value in values)) :
operator == \"Exists\" ? one.operator == \"In\" || one.operator == \"Exists\" :
one.operator == \"DoesNotExist\"))";
    let values = with("values", "wanted[operator][key]", &format!("({labels}) ||\n({expressions})"));
    let all = format!("wanted.all(operator, wanted[operator].all(key,\n{values}))");
    with("it", selector, &with("wanted", conditions, &all))
}

/// Whether the standard lets `peer` stand in the policy.
fn admitted() -> String {
    let ranges = format!("variables.ranges[name] + {}", excepts("peer.ipBlock"));
    let block = covered("peer.ipBlock.cidr", &ranges);
    let namespaces = implies("peer.namespaceSelector", "variables.namespaces[name]");
    let pods = implies("peer.podSelector", "variables.pods[name]");
    format!(
        "variables.named.exists(part, part.exists(names, names.exists(name,\n\
         (has(peer.ipBlock) && name in variables.ranges && isCIDR(peer.ipBlock.cidr) &&\n{block}) ||\n\
         (has(peer.namespaceSelector) && name in variables.namespaces &&\n{namespaces} &&\n\
         (!(name in variables.pods) || (has(peer.podSelector) &&\n{pods}))))))"
    )
}

/// The exceptions of a block that CEL can read.
pub(super) fn excepts(block: &str) -> String {
    format!("(has({block}.except) ? {block}.except.filter(cidr, isCIDR(cidr)) : [])")
}

/// Whether `blocks` have every address of `block`: one of them has, or the parts that they have come to all of it.
///
/// A part that lies in another is left out, and parts that are the same count once. What is smaller than the fortieth
/// halving of the block is not counted, so that the answer may be no where it is yes, and never the reverse. Only
/// where the parts may come to it is it asked which lie in which: that takes each with each.
pub(super) fn covered(block: &str, blocks: &str) -> String {
    let depth = "cidr(part).prefixLength() - cidr(whole).prefixLength()";
    let enough = format!("sum() > {}.5", (1_u64 << HALVINGS) - 1);
    let outer = "parts.filter(part, !parts.exists(other, cidr(other).containsCIDR(part) &&\n\
                 !cidr(part).containsCIDR(other)))";
    let same = "outer.filter(other, cidr(other).containsCIDR(part) && cidr(part).containsCIDR(other))";
    let counted = with(
        "outer",
        outer,
        &format!("outer.map(part, variables.shares[{depth}] / double(size({same}))).{enough}"),
    );
    let parts = format!("those.filter(part, cidr(whole).containsCIDR(part) && {depth} <= {HALVINGS})");
    let summed = format!("parts.map(part, variables.shares[{depth}]).{enough} &&\n{counted}");
    let either = format!(
        "those.exists(other, cidr(other).containsCIDR(whole)) ||\n{}",
        with("parts", &parts, &summed)
    );
    with("whole", block, &with("those", blocks, &either))
}

/// Whether two blocks have an address in common.
pub(super) fn overlap(one: &str, other: &str) -> String {
    format!("(cidr({one}).containsCIDR({other}) || cidr({other}).containsCIDR({one}))")
}

/// Whether a selector selects everything.
pub(super) fn is_everything(selector: &str) -> String {
    let (labels, expressions) = (format!("{selector}.matchLabels"), format!("{selector}.matchExpressions"));
    format!("((!has({labels}) || size({labels}) == 0) && (!has({expressions}) || size({expressions}) == 0))")
}

/// The blocks of a rule among `peers`, in the first list where they are the whole internet together, or else in the
/// second.
///
/// Of a block with exceptions only what they leave untouched is counted.
fn blocks() -> String {
    let touched = format!("{}.exists(one, {})", excepts("block"), overlap("one", "range"));
    let untouched = format!("blocks.filter(block, !{touched}).map(block, block.cidr)");
    let whole =
        format!("variables.internet.exists(family, family.all(range,\n{}))", covered("range", &untouched));
    format!(
        "variables.strangers[0].map(peers,\n\
         peers.filter(peer, has(peer.ipBlock) && isCIDR(peer.ipBlock.cidr)).map(peer, peer.ipBlock))\n\
         .map(blocks, {whole} ?\n[blocks, []] : [[], blocks])"
    )
}

/// A message that names texts of a list of lists.
pub(super) fn naming(code: &str, list: &str, message: &str) -> String {
    format!(
        "{} + {list}.filter(some, size(some) > 0).map(some, some.join(\"`, `\")).join(\"`, `\") +\n{}",
        quoted(&format!("{code}: `")),
        quoted(&format!("`: {message}"))
    )
}
