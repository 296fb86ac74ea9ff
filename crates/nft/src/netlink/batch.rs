//! Transactions as messages.

use super::{Attributes, Message, rule::expressions, set};
use crate::{
    Operation, Transaction,
    tree::{Element, Hook, Name, Rule, Table},
};
use std::collections::BTreeSet;

/// `NFNL_SUBSYS_NFTABLES`.
pub(super) const SUBSYSTEM: u16 = 10;
/// The type of the attribute that rules keep their fingerprint in, within their user data. The `nft`
/// program passes over what it does not know.
pub(super) const FINGERPRINT: u8 = 0x5e;

/// `NF_ACCEPT`: the fate of packets at the end of a base chain.
pub(super) const ACCEPT: u32 = 1;
/// The type of base chains.
pub(super) const FILTER: &str = "filter";

/// `NFT_TABLE_F_OWNER` and `NFT_TABLE_F_PERSIST`, which Linux has since 5.12 and 6.9.
pub(super) const OWNER: u32 = 0x2;
pub(super) const PERSIST: u32 = 0x4;

/// `NFPROTO_INET` or `NFPROTO_BRIDGE`.
pub(super) fn family(table: Table) -> u8 {
    match table {
        Table::Enforced | Table::Tried => 1,
        Table::Frames => 7,
    }
}

const NEW_TABLE: u16 = 0;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const DELETE_CHAIN: u16 = 5;
const NEW_RULE: u16 = 6;
const DELETE_RULE: u16 = 8;
const NEW_SET: u16 = 9;
const DELETE_SET: u16 = 11;
const NEW_ELEMENT: u16 = 12;
const DELETE_ELEMENT: u16 = 14;

const NLM_F_CREATE: u16 = 0x400;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_APPEND: u16 = 0x800;

/// How many elements go into one message: their list is one attribute, of 64 KiB at most, and the
/// longest element, a range of IPv6 or a chain's name of 255 bytes, has fewer than 400 bytes.
const ELEMENTS: usize = 150;

/// The messages of a transaction. The table comes first: making it is nothing where it is there.
pub(super) fn messages(table: Table, owned: bool, transaction: &Transaction) -> Vec<Message> {
    let made = make_table(table, owned);
    let operations = transaction.operations().iter().flat_map(|step| operation(table, step));
    std::iter::once(made).chain(operations).collect()
}

/// The message that makes the table where it is not there. One that is `owned` nobody else may change, and it
/// outlives its owner; then the next may own it.
pub(super) fn make_table(table: Table, owned: bool) -> Message {
    let body = if owned { within(table).u32(2, OWNER | PERSIST) } else { within(table) };
    message(table, NEW_TABLE, NLM_F_CREATE, &body, format!("make the table `{}`", table.name()))
}

/// The message that takes the table away.
pub(super) fn delete_table(table: Table) -> Message {
    message(table, DELETE_TABLE, 0, &within(table), format!("delete the table `{}`", table.name()))
}

fn message(table: Table, kind: u16, flags: u16, attributes: &Attributes, what: String) -> Message {
    let body = attributes.as_bytes().to_vec();
    Message { kind: (SUBSYSTEM << 8) | kind, flags, family: family(table), body, what }
}

/// Every message names the table first.
fn within(table: Table) -> Attributes {
    Attributes::new().text(1, table.name())
}

fn operation(table: Table, operation: &Operation) -> Vec<Message> {
    let in_table = || within(table);
    match operation {
        Operation::Wake => {
            let body = in_table().u32(2, 0);
            vec![message(table, NEW_TABLE, 0, &body, format!("switch the table `{}` on", table.name()))]
        }
        Operation::AddSet { set, kind, .. } => {
            let body = in_table().text(2, set.as_str());
            let body = body.append(&set::Layout::of(*kind).attributes());
            vec![message(table, NEW_SET, NLM_F_CREATE | NLM_F_EXCL, &body, format!("make the set `{set}`"))]
        }
        Operation::AddChain { chain, hook } => vec![add_chain(table, chain, *hook)],
        Operation::FlushChain(chain) => {
            let body = in_table().text(2, chain.as_str());
            vec![message(table, DELETE_RULE, 0, &body, format!("empty the chain `{chain}`"))]
        }
        Operation::AddRules(chain, rules) => rules.iter().map(|rule| add_rule(table, chain, rule)).collect(),
        Operation::DeleteElements(set, elements) => {
            change_elements(table, (DELETE_ELEMENT, 0), set, elements, "delete elements of")
        }
        Operation::AddElements(set, elements) => {
            change_elements(table, (NEW_ELEMENT, NLM_F_CREATE), set, elements, "add elements to")
        }
        Operation::DeleteChain(chain) => {
            let body = in_table().text(3, chain.as_str());
            vec![message(table, DELETE_CHAIN, 0, &body, format!("delete the chain `{chain}`"))]
        }
        Operation::DeleteSet(set) => {
            let body = in_table().text(2, set.as_str());
            vec![message(table, DELETE_SET, 0, &body, format!("delete the set `{set}`"))]
        }
    }
}

fn add_chain(table: Table, chain: &Name, hook: Option<Hook>) -> Message {
    let body = within(table).text(3, chain.as_str());
    let body = match hook {
        None => body,
        Some(hook) => {
            let place = Attributes::new().u32(1, hook_number(hook)).u32(2, priority(table));
            body.nested(4, &place).u32(5, ACCEPT).text(7, FILTER)
        }
    };
    message(table, NEW_CHAIN, NLM_F_CREATE | NLM_F_EXCL, &body, format!("make the chain `{chain}`"))
}

/// `NF_INET_PRE_ROUTING` and so on, which for bridges have the same numbers.
pub(super) fn hook_number(hook: Hook) -> u32 {
    match hook {
        Hook::Prerouting => 0,
        Hook::Input => 1,
        Hook::Forward => 2,
        Hook::Output => 3,
    }
}

/// The priority of base chains, which has a sign that attributes have not.
pub(super) fn priority(table: Table) -> u32 {
    table.priority().cast_unsigned()
}

fn add_rule(table: Table, chain: &Name, rule: &Rule) -> Message {
    let list =
        expressions(rule).iter().fold(Attributes::new(), |list, expression| list.nested(1, expression));
    let body = within(table).text(2, chain.as_str()).nested(4, &list).bytes(7, &user_data(rule));
    message(table, NEW_RULE, NLM_F_CREATE | NLM_F_APPEND, &body, format!("add a rule to the chain `{chain}`"))
}

/// User data is small attributes of its own: type and length of one byte each.
fn user_data(rule: &Rule) -> Vec<u8> {
    let fingerprint = rule.fingerprint();
    // INVARIANT: a fingerprint has twenty digits.
    let length = u8::try_from(fingerprint.len()).unwrap_or(u8::MAX);
    [&[FINGERPRINT, length], fingerprint.as_bytes()].concat()
}

fn change_elements(
    table: Table,
    (kind, flags): (u16, u16),
    set: &Name,
    elements: &BTreeSet<Element>,
    what: &str,
) -> Vec<Message> {
    let raw: Vec<Attributes> = elements.iter().flat_map(set::elements).collect();
    let chunks = raw.chunks(ELEMENTS);
    chunks
        .map(|chunk| {
            let list = chunk.iter().fold(Attributes::new(), |list, element| list.nested(1, element));
            let body = within(table).text(2, set.as_str()).nested(3, &list);
            message(table, kind, flags, &body, format!("{what} `{set}`"))
        })
        .collect()
}

/// Asks for all of something in the table.
pub(super) fn dump(table: Table, kind: u16, more: Option<&Name>) -> Message {
    let body = more.map_or_else(|| within(table), |set| within(table).text(2, set.as_str()));
    message(table, kind, 0, &body, "read the table".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Family, SetKind};

    #[test]
    fn many_elements_are_split() {
        let elements = (0..1000_u32).map(|n| Element::Address(std::net::Ipv4Addr::from(n).into())).collect();
        let messages = change_elements(
            Table::Enforced,
            (NEW_ELEMENT, 0),
            &Name::fixed("pods4"),
            &elements,
            "add elements to",
        );
        assert_eq!(messages.len(), 1000_usize.div_ceil(ELEMENTS));
        assert!(messages.iter().all(|message| message.body.len() < usize::from(u16::MAX)));
    }

    #[test]
    fn every_kind_of_set_is_known_again() {
        let kinds = Family::ALL.into_iter().flat_map(|family| {
            [
                SetKind::Addresses(family),
                SetKind::Ranges(family),
                SetKind::AddressPorts(family),
                SetKind::AddressPairs(family),
                SetKind::Dispatch(family),
            ]
        });
        for kind in kinds.chain([SetKind::Ports]) {
            assert_eq!(set::Layout::of(kind).kind(), Some(kind));
        }
    }
}
