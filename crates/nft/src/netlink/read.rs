//! What is programmed, read back.

use super::{
    Attribute, NetlinkError, Socket,
    batch::{FINGERPRINT, INET, dump},
    parse,
    set::{Layout, RawElement, decode},
};
use crate::{
    Programmed,
    tree::{Element, Name, SetKind, TABLE},
};
use std::collections::{BTreeMap, BTreeSet};

const GET_CHAIN: u16 = 4;
const GET_RULE: u16 = 7;
const GET_SET: u16 = 10;
const GET_ELEMENT: u16 = 13;
/// `ENOENT`: the table is not there.
const NO_ENTRY: i32 = 2;

/// Reads the whole table. Chains and rules are read one after the other: what changes between the
/// two is seen as drift at most, and mended.
pub(super) fn programmed(socket: &mut Socket) -> Result<Programmed, NetlinkError> {
    let chains = absent_is_empty(socket.dump(&dump(GET_CHAIN, None), chain))?;
    let mut programmed = Programmed::default();
    for name in chains {
        programmed.chains.insert(name, Vec::new());
    }
    for (chain, fingerprint) in absent_is_empty(socket.dump(&dump(GET_RULE, None), rule))? {
        programmed.chains.entry(chain).or_default().push(fingerprint);
    }
    let sets: BTreeMap<Name, SetKind> =
        absent_is_empty(socket.dump(&dump(GET_SET, None), set))?.into_iter().collect();
    for (name, kind) in sets {
        let elements = elements(socket, &name, kind)?;
        programmed.sets.insert(name, (kind, elements));
    }
    Ok(programmed)
}

fn absent_is_empty<T>(found: Result<Vec<T>, NetlinkError>) -> Result<Vec<T>, NetlinkError> {
    match found {
        Err(error) if error.errno() == Some(NO_ENTRY) => Ok(Vec::new()),
        found => found,
    }
}

/// The attributes of an object of our table, by type.
fn ours(family: u8, bytes: &[u8]) -> Option<BTreeMap<u16, Attribute<'_>>> {
    let attributes: BTreeMap<u16, Attribute<'_>> =
        parse(bytes).map(|attribute| (attribute.kind, attribute)).collect();
    let is_ours = family == INET && attributes.get(&1)?.text() == Some(TABLE);
    is_ours.then_some(attributes)
}

fn chain(family: u8, bytes: &[u8]) -> Option<Name> {
    Some(Name::told(ours(family, bytes)?.get(&3)?.text()?))
}

fn rule(family: u8, bytes: &[u8]) -> Option<(Name, String)> {
    let attributes = ours(family, bytes)?;
    let chain = Name::told(attributes.get(&2)?.text()?);
    // A rule without our mark is somebody else's: it equals none of ours.
    let user_data = attributes.get(&7).map(|attribute| attribute.value);
    let fingerprint = user_data.and_then(|data| match data {
        [FINGERPRINT, length, rest @ ..] => std::str::from_utf8(rest.get(..usize::from(*length))?).ok(),
        _ => None,
    });
    Some((chain, fingerprint.unwrap_or_default().to_owned()))
}

fn set(family: u8, bytes: &[u8]) -> Option<(Name, SetKind)> {
    let attributes = ours(family, bytes)?;
    let number = |kind| attributes.get(&kind).and_then(|attribute| attribute.u32());
    let layout = Layout { flags: number(3).unwrap_or(0), key_type: number(4)?, key_length: number(5)? };
    Some((Name::told(attributes.get(&2)?.text()?), layout.kind()?))
}

fn elements(socket: &mut Socket, set: &Name, kind: SetKind) -> Result<BTreeSet<Element>, NetlinkError> {
    let lists = absent_is_empty(socket.dump(&dump(GET_ELEMENT, Some(set)), |_, bytes| {
        let list = parse(bytes).find(|attribute| attribute.kind == 3)?;
        Some(list.nested().filter_map(RawElement::read).collect::<Vec<_>>())
    }))?;
    let elements = decode(kind, lists.into_iter().flatten().collect());
    Ok(elements.ok_or(NetlinkError::Unreadable("an element is not of its set's kind"))?.into_iter().collect())
}
