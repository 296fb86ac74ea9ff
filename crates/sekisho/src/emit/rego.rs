//! What several clauses ask, in the form of Rego that every Gatekeeper takes.

use super::{
    cel::{HALVINGS, internet},
    literal,
    tables::Tables,
};

/// Everything but the tables and the clauses.
const HELPERS: &str = r#"
policy := input.review.object

is_ingress { not policy.spec.policyTypes }

is_ingress { policy.spec.policyTypes[_] == "Ingress" }

ingress[rule] {
  is_ingress
  rule := policy.spec.ingress[_]
}

from(rule) := object.get(rule, "from", [])

ports(rule) := object.get(rule, "ports", [])

one_of(value, values) { value == values[_] }

has_other(given, values) {
  value := given[_]
  not one_of(value, values)
}

# The components whose pods the policy selects, or some of them.
own[name] {
  wanted := components[policy.metadata.namespace][name]
  implies(object.get(policy.spec, "podSelector", {}), wanted)
}

# Whether whatever a selector selects meets the conditions of a table.
implies(selector, wanted) { not lacks(selector, wanted) }

lacks(selector, wanted) {
  values := wanted[operator][key]
  not meets(selector, operator, key, values)
}

meets(selector, "In", key, values) { one_of(selector.matchLabels[key], values) }

meets(selector, "In", key, values) {
  one := about(selector, key)[_]
  one.operator == "In"
  not has_other(one.values, values)
}

meets(selector, "NotIn", key, values) {
  value := selector.matchLabels[key]
  not one_of(value, values)
}

meets(selector, "NotIn", key, values) {
  one := about(selector, key)[_]
  one.operator == "In"
  not shares_one(one.values, values)
}

meets(selector, "NotIn", key, values) {
  one := about(selector, key)[_]
  one.operator == "NotIn"
  not has_other(values, one.values)
}

meets(selector, "NotIn", key, values) { about(selector, key)[_].operator == "DoesNotExist" }

meets(selector, "Exists", key, values) { selector.matchLabels[key] }

meets(selector, "Exists", key, values) { one_of(about(selector, key)[_].operator, ["In", "Exists"]) }

meets(selector, "DoesNotExist", key, values) { about(selector, key)[_].operator == "DoesNotExist" }

about(selector, key) := [one | one := selector.matchExpressions[_]; one.key == key]

shares_one(given, others) { given[_] == others[_] }

is_everything(selector) {
  count(object.get(selector, "matchLabels", {})) == 0
  count(object.get(selector, "matchExpressions", [])) == 0
}

# Whether the standard lets a peer stand in the policy.
admitted(peer) {
  name := admits[policy.metadata.namespace][own[_]][_]
  is_written_as(peer, name)
}

is_written_as(peer, name) {
  net.cidr_is_valid(peer.ipBlock.cidr)
  covered(peer.ipBlock.cidr, array.concat(ranges[name], excepts(peer.ipBlock)))
}

is_written_as(peer, name) {
  implies(peer.namespaceSelector, namespaces[name])
  has_pods(peer, name)
}

has_pods(peer, name) { not pods[name] }

has_pods(peer, name) { implies(peer.podSelector, pods[name]) }

excepts(block) := [cidr | cidr := object.get(block, "except", [])[_]; net.cidr_is_valid(cidr)]

length(cidr) := to_number(split(cidr, "/")[1])

# Whether the blocks have every address of a block: one of them has, or the parts that they have come to all of it.
# A part that lies in another is left out, and parts that are the same count once.
covered(block, blocks) { net.cidr_contains(blocks[_], block) }

covered(block, blocks) {
  parts := [part | part := blocks[_]; net.cidr_contains(block, part); length(part) - length(block) < count(shares)]
  sum([share | share := shares[length(parts[_]) - length(block)]]) > shares[0] - 0.5
  outer := [part | part := parts[_]; not is_inner(part, parts)]
  sum([share | part := outer[_]; share := shares[length(part) - length(block)] / same(part, outer)]) > shares[0] - 0.5
}

is_inner(part, parts) {
  other := parts[_]
  length(other) < length(part)
  net.cidr_contains(other, part)
}

same(part, parts) := count([other | other := parts[_]; length(other) == length(part); net.cidr_contains(other, part)])

overlap(one, other) { net.cidr_contains(one, other) }

overlap(one, other) { net.cidr_contains(other, one) }

narrower(one, other) := one { net.cidr_contains(other, one) }

narrower(one, other) := other {
  not net.cidr_contains(other, one)
  net.cidr_contains(one, other)
}

# Whether blocks are the whole internet together. Of one with exceptions only what they leave untouched is counted.
whole_internet(blocks) {
  family := internet[_]
  count([range | range := family[_]; not covered(range, untouched(range, blocks))]) == 0
}

untouched(range, blocks) := [block.cidr | block := blocks[_]; not is_touched(range, block)]

is_touched(range, block) { overlap(range, excepts(block)[_]) }

strange_blocks(rule) := [peer.ipBlock | peer := from(rule)[_]; net.cidr_is_valid(peer.ipBlock.cidr); not admitted(peer)]

has_addresses(block, range, name) {
  not one_of(name, [excused | excused := excepted[policy.metadata.namespace][own[_]][_]])
  overlap(range, block.cidr)
  not covered(narrower(range, block.cidr), excepts(block))
}

is_after(name, label) { name == label }

is_after(name, label) { startswith(name, sprintf("%v-", [label])) }

is_called_so { is_after(policy.metadata.name, own[_]) }

is_open(protocol) { open[policy.metadata.namespace][own[_]][_] == protocol }

is_about_all_ports(rule) { count(ports(rule)) == 0 }

is_about_all_ports(rule) {
  entry := ports(rule)[_]
  not entry.port
  not is_open(object.get(entry, "protocol", "TCP"))
}
"#;

/// The tables, and what is asked of them.
pub(super) fn helpers(tables: &Tables) -> String {
    let mut text = "package sekisho.standard\n".to_owned();
    for table in tables.of_peers().into_iter().chain(tables.of_components()) {
        text.push_str(&format!("\n# {}\n{} := {}\n", table.about, table.name, literal(&table.entries)));
    }
    let shares: Vec<String> = (0..=HALVINGS).rev().map(|power| (1_u64 << power).to_string()).collect();
    text.push_str(&format!("\n# the addresses of the internet: IPv4, IPv6\ninternet := {}\n", internet()));
    text.push_str(&format!("\n# a block, its half, its quarter, ...\nshares := [{}]\n", shares.join(", ")));
    text + HELPERS
}
