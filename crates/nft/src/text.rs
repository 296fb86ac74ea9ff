//! The ruleset as text that people read and the `nft` program takes.

use crate::tree::{
    Action, CUT_LABEL_BIT, Chain, Element, Family, Hook, LOG_GROUP, Match, NAMES_GROUP, Name, NumberRange,
    Rule, Ruleset, Set, SetKind, Side, Table, TagKind, TrackedState,
};
use std::fmt::Write;

/// How many denials a rule logs in a second, and in a burst. The kernel counts for each rule.
pub(crate) const LOG_RATE: (u32, u32) = (10, 50);
/// The same of answers that are copied.
pub(crate) const COPY_RATE: (u32, u32) = (1000, 1000);

/// The whole table of what is enforced, as `nft -f` takes it.
#[must_use]
pub fn ruleset(ruleset: &Ruleset) -> String {
    table(Table::Enforced, ruleset)
}

/// A whole table, as `nft -f` takes it.
#[must_use]
pub fn table(table: Table, ruleset: &Ruleset) -> String {
    let mut text = format!("table {} {} {{\n", table.family(), table.name());
    let sets = ruleset.sets.iter().map(|(name, item)| set(name, item));
    // Chains may lead to chains below them: `nft` reads a table as one.
    let chains = ruleset.chains.iter().map(|(name, item)| chain(table, name, item));
    text.push_str(&sets.chain(chains).collect::<Vec<_>>().join("\n"));
    text.push_str("}\n");
    text
}

fn set(name: &Name, set: &Set) -> String {
    let (keyword, kind, flags) = match set.kind {
        SetKind::Addresses(family) => ("set", address_type(family).to_owned(), ""),
        SetKind::Ranges(family) => ("set", address_type(family).to_owned(), "\t\tflags interval\n"),
        SetKind::AddressPorts(family) => ("set", format!("{} . inet_service", address_type(family)), ""),
        SetKind::AddressPairs(family) => ("set", format!("{0} . {0}", address_type(family)), ""),
        SetKind::Ports => ("set", "inet_service".to_owned(), "\t\tflags interval\n"),
        SetKind::Dispatch(family) => ("map", format!("{} : verdict", address_type(family)), ""),
    };
    let mut text = comment(&set.comment);
    let _ = write!(text, "\t{keyword} {name} {{\n\t\ttype {kind}\n{flags}");
    if !set.elements.is_empty() {
        let elements: Vec<String> = set.elements.iter().map(element).collect();
        let _ = writeln!(text, "\t\telements = {{ {} }}", elements.join(",\n\t\t             "));
    }
    text.push_str("\t}\n");
    text
}

fn chain(table: Table, name: &Name, chain: &Chain) -> String {
    let mut text = comment(&chain.comment);
    let _ = writeln!(text, "\tchain {name} {{");
    if let Some(hook) = chain.hook {
        let hook = match hook {
            Hook::Prerouting => "prerouting",
            Hook::Forward => "forward",
            Hook::Input => "input",
            Hook::Output => "output",
        };
        let priority = match table {
            // What `nft` calls so is another number in each family.
            Table::Enforced | Table::Frames => "filter".to_owned(),
            Table::Tried => format!("filter + {}", table.priority()),
        };
        let _ = writeln!(text, "\t\ttype filter hook {hook} priority {priority}; policy accept;");
    }
    for item in &chain.rules {
        let _ = writeln!(text, "\t\t{}", rule(item));
    }
    text.push_str("\t}\n");
    text
}

fn comment(text: &str) -> String {
    text.lines().map(|line| format!("\t# {line}\n")).collect()
}

fn address_type(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4_addr",
        Family::V6 => "ipv6_addr",
    }
}

fn element(element: &Element) -> String {
    match element {
        Element::Address(address) => address.to_string(),
        Element::RangeV4(first, last) => range(first, last),
        Element::RangeV6(first, last) => range(first, last),
        Element::AddressPort(address, port) => format!("{address} . {port}"),
        Element::AddressPair(from, to) => format!("{from} . {to}"),
        Element::Ports(first, last) => range(first, last),
        Element::Dispatch(address, chain) => format!("{address} : goto {chain}"),
    }
}

fn range<T: PartialEq + ToString>(first: &T, last: &T) -> String {
    if first == last { first.to_string() } else { format!("{}-{}", first.to_string(), last.to_string()) }
}

/// One rule on one line.
pub(crate) fn rule(rule: &Rule) -> String {
    let mut words: Vec<String> = rule.matches.iter().map(condition).collect();
    words.push(action(&rule.action));
    words.join(" ")
}

fn condition(condition: &Match) -> String {
    match condition {
        Match::State(TrackedState::Known) => "ct state established,related".to_owned(),
        Match::State(TrackedState::Related) => "ct state related".to_owned(),
        Match::State(TrackedState::Invalid) => "ct state invalid".to_owned(),
        Match::Cut => format!("ct label {CUT_LABEL_BIT}"),
        Match::MidStream => "tcp flags & syn == 0".to_owned(),
        Match::Group => "meta pkttype != host".to_owned(),
        Match::FromVeth => "meta iifkind \"veth\"".to_owned(),
        Match::NoVlan(TagKind::Customer) => "ether type 8021q vlan id 0".to_owned(),
        Match::NoVlan(TagKind::Service) => "ether type 8021ad vlan id 0".to_owned(),
        Match::Address { family, side, set } => format!("{} @{set}", address(*family, *side)),
        Match::AddressPair { family, set } => {
            format!("{} . {} @{set}", address(*family, Side::Source), address(*family, Side::Destination))
        }
        Match::Protocol(protocol) => format!("meta l4proto {}", protocol.to_string().to_lowercase()),
        Match::Port(protocol, (first, last)) => {
            format!("{} dport {}", protocol.to_string().to_lowercase(), range(first, last))
        }
        Match::PortIn(protocol, set) => format!("{} dport @{set}", protocol.to_string().to_lowercase()),
        Match::AddressPort { family, protocol, set } => {
            let protocol = protocol.to_string().to_lowercase();
            format!("{} . {protocol} dport @{set}", address(*family, Side::Destination))
        }
        Match::Icmpv6(types) => format!("icmpv6 type {}", number_range(*types)),
        Match::FromPort(protocol, port) => format!("{} sport {port}", protocol.to_string().to_lowercase()),
        Match::Answer(protocol, port) => {
            let protocol = protocol.to_string().to_lowercase();
            format!("meta l4proto {protocol} ct direction reply ct original proto-dst {port}")
        }
    }
}

fn number_range((first, last): NumberRange) -> String {
    range(&first, &last)
}

fn address(family: Family, side: Side) -> &'static str {
    match (family, side) {
        (Family::V4, Side::Source) => "ip saddr",
        (Family::V4, Side::Destination) => "ip daddr",
        (Family::V6, Side::Source) => "ip6 saddr",
        (Family::V6, Side::Destination) => "ip6 daddr",
    }
}

fn action(action: &Action) -> String {
    match action {
        Action::Accept => "accept".to_owned(),
        Action::Drop => "drop".to_owned(),
        Action::Reset => "reject with tcp reset".to_owned(),
        Action::Refuse => "reject with icmpx admin-prohibited".to_owned(),
        Action::Jump(chain) => format!("jump {chain}"),
        Action::Goto(chain) => format!("goto {chain}"),
        Action::Return => "return".to_owned(),
        Action::Dispatch { family, side, map } => format!("{} vmap @{map}", address(*family, *side)),
        Action::Count => "counter".to_owned(),
        Action::Log { prefix } => {
            let (rate, burst) = LOG_RATE;
            format!(
                "limit rate {rate}/second burst {burst} packets log prefix \"{prefix}\" group {LOG_GROUP}"
            )
        }
        Action::Copy => {
            let (rate, burst) = COPY_RATE;
            format!("limit rate {rate}/second burst {burst} packets log group {NAMES_GROUP}")
        }
        Action::SetCut => format!("ct label set {CUT_LABEL_BIT}"),
    }
}
