//! What is programmed, read back.

use super::{
    Attribute, Message, NetlinkError, Socket,
    batch::{ACCEPT, FILTER, FINGERPRINT, SUBSYSTEM, dump, family as number, hook_number, priority},
    parse,
    set::{Layout, RawElement, decode},
};
use crate::{
    Entrance, Programmed,
    tree::{Element, Hook, Name, SetKind, Table},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

const GET_TABLE: u16 = 1;
const GET_CHAIN: u16 = 4;
const GET_RULE: u16 = 7;
const GET_SET: u16 = 10;
const GET_ELEMENT: u16 = 13;
const GET_GENERATION: u16 = 16;
/// `NFT_TABLE_F_DORMANT`.
const DORMANT: u32 = 0x1;
/// How often reading begins anew when somebody changes something meanwhile.
const TRIES: usize = 100;
/// How long a set that grows is left alone before it is read again, and how often.
const GROWTH: Duration = Duration::from_millis(5);
const GROWTH_TRIES: usize = 400;
/// Elements that one answer of the kernel holds for sure.
const SMALL: usize = 500;
/// `ENOENT`: the table is not there.
const NO_ENTRY: i32 = 2;

/// Reads the whole table, and which generation of the kernel's rulesets it is of. Its parts come one
/// after the other: when the kernel has gone on to another generation meanwhile, they are read anew, so
/// that what is read is one state.
pub(super) fn programmed(socket: &mut Socket, table: Table) -> Result<(Programmed, u32), NetlinkError> {
    for _ in 0..TRIES {
        let before = generation(socket)?;
        let programmed = parts(socket, table)?;
        if generation(socket)? == before {
            return Ok((programmed, before));
        }
    }
    Err(NetlinkError::Unreadable("it changes faster than it can be read"))
}

/// Whether the table is there.
pub(super) fn is_there(socket: &mut Socket, table: Table) -> Result<bool, NetlinkError> {
    Ok(flags(socket, table)?.is_some())
}

/// The flags of the table, where it is there: `NFT_TABLE_F_*`.
pub(super) fn flags(socket: &mut Socket, table: Table) -> Result<Option<u32>, NetlinkError> {
    let ask = dump(table, GET_TABLE, None);
    let found = socket.dump(&ask, |family, bytes| ours(table, family, bytes)?.get(&2)?.u32());
    Ok(absent_is_empty(found)?.pop())
}

fn generation(socket: &mut Socket) -> Result<u32, NetlinkError> {
    let ask = Message {
        kind: (SUBSYSTEM << 8) | GET_GENERATION,
        flags: 0,
        ..dump(Table::Enforced, GET_GENERATION, None)
    };
    let number = |_, bytes: &[u8]| parse(bytes).find(|attribute| attribute.kind == 1)?.u32();
    let answers = socket.ask(&ask, number)?;
    answers.first().copied().ok_or(NetlinkError::Unreadable("it does not tell the generation"))
}

fn parts(socket: &mut Socket, table: Table) -> Result<Programmed, NetlinkError> {
    let tables = socket.dump(&dump(table, GET_TABLE, None), |f, bytes| is_dormant(table, f, bytes))?;
    let mut programmed = Programmed { dormant: tables.contains(&true), ..Programmed::default() };
    let chains = socket.dump(&dump(table, GET_CHAIN, None), |family, bytes| chain(table, family, bytes));
    for (name, entrance) in absent_is_empty(chains)? {
        programmed.entrances.extend(entrance.map(|entrance| (name.clone(), entrance)));
        programmed.chains.insert(name, Vec::new());
    }
    let rules = socket.dump(&dump(table, GET_RULE, None), |family, bytes| rule(table, family, bytes));
    for (chain, fingerprint) in absent_is_empty(rules)? {
        programmed.chains.entry(chain).or_default().push(fingerprint);
    }
    let sets = socket.dump(&dump(table, GET_SET, None), |family, bytes| set(table, family, bytes));
    for (name, kind, count) in absent_is_empty(sets)? {
        let elements = all_elements(socket, table, &name, kind, count)?;
        programmed.sets.insert(name, (kind, elements));
    }
    Ok(programmed)
}

/// How many packets the counters of each chain have counted, where it has one.
pub(super) fn counted(socket: &mut Socket, table: Table) -> Result<BTreeMap<Name, u64>, NetlinkError> {
    let ask = dump(table, GET_RULE, None);
    let found = socket.dump(&ask, |family, bytes| counter(table, family, bytes));
    let mut counted = BTreeMap::new();
    for (chain, packets) in absent_is_empty(found)? {
        let sum: &mut u64 = counted.entry(chain).or_default();
        *sum = sum.saturating_add(packets);
    }
    Ok(counted)
}

fn part(of: Attribute<'_>, kind: u16) -> Option<Attribute<'_>> {
    of.nested().find(|attribute| attribute.kind == kind)
}

/// The chain of a rule that counts, and its packets: `NFTA_COUNTER_PACKETS`.
fn counter(table: Table, family: u8, bytes: &[u8]) -> Option<(Name, u64)> {
    let attributes = ours(table, family, bytes)?;
    let mut expressions = attributes.get(&4)?.nested();
    let counter = expressions.find(|of| part(*of, 1).and_then(Attribute::text) == Some("counter"))?;
    let packets = part(part(counter, 2)?, 2)?;
    let packets = u64::from_be_bytes(packets.value.try_into().ok()?);
    Some((Name::told(attributes.get(&2)?.text()?), packets))
}

fn absent_is_empty<T>(found: Result<Vec<T>, NetlinkError>) -> Result<Vec<T>, NetlinkError> {
    match found {
        Err(error) if error.errno() == Some(NO_ENTRY) => Ok(Vec::new()),
        found => found,
    }
}

/// The attributes of an object of our table, by type.
fn ours(table: Table, family: u8, bytes: &[u8]) -> Option<BTreeMap<u16, Attribute<'_>>> {
    let attributes: BTreeMap<u16, Attribute<'_>> =
        parse(bytes).map(|attribute| (attribute.kind, attribute)).collect();
    let is_ours = family == number(table) && attributes.get(&1)?.text() == Some(table.name());
    is_ours.then_some(attributes)
}

fn is_dormant(table: Table, family: u8, bytes: &[u8]) -> Option<bool> {
    let flags = ours(table, family, bytes)?.get(&2)?.u32()?;
    Some(flags & DORMANT != 0)
}

fn chain(table: Table, family: u8, bytes: &[u8]) -> Option<(Name, Option<Entrance>)> {
    let attributes = ours(table, family, bytes)?;
    let entrance =
        attributes.get(&4).map(|hook| entrance(table, *hook, &attributes).unwrap_or(Entrance::Foreign));
    Some((Name::told(attributes.get(&3)?.text()?), entrance))
}

/// Where packets enter a base chain, when it is made as we make them.
fn entrance(
    table: Table,
    hook: Attribute<'_>,
    attributes: &BTreeMap<u16, Attribute<'_>>,
) -> Option<Entrance> {
    let part = |kind| hook.nested().find(|attribute| attribute.kind == kind)?.u32();
    let hook = Hook::ALL.into_iter().find(|hook| part(1) == Some(hook_number(*hook)))?;
    let is_ours = part(2) == Some(priority(table))
        && attributes.get(&5)?.u32() == Some(ACCEPT)
        && attributes.get(&7)?.text() == Some(FILTER);
    is_ours.then_some(Entrance::At(hook))
}

fn rule(table: Table, family: u8, bytes: &[u8]) -> Option<(Name, String)> {
    let attributes = ours(table, family, bytes)?;
    let chain = Name::told(attributes.get(&2)?.text()?);
    // A rule without our mark is somebody else's: it equals none of ours.
    let user_data = attributes.get(&7).map(|attribute| attribute.value);
    let fingerprint = user_data.and_then(|data| match data {
        [FINGERPRINT, length, rest @ ..] => std::str::from_utf8(rest.get(..usize::from(*length))?).ok(),
        _ => None,
    });
    Some((chain, fingerprint.unwrap_or_default().to_owned()))
}

/// A set's name, its kind, and how many elements it has, where the kernel says so (it does since 6.15).
fn set(table: Table, family: u8, bytes: &[u8]) -> Option<(Name, SetKind, Option<u32>)> {
    let attributes = ours(table, family, bytes)?;
    let number = |kind| attributes.get(&kind).and_then(|attribute| attribute.u32());
    let layout = Layout { flags: number(3).unwrap_or(0), key_type: number(4)?, key_length: number(5)? };
    Some((Name::told(attributes.get(&2)?.text()?), layout.kind()?, number(20)))
}

/// Reads a set until all of it is there. A hash set grows in the background after elements came, and what
/// the kernel tells of it meanwhile lacks some, without saying so.
fn all_elements(
    socket: &mut Socket,
    table: Table,
    set: &Name,
    kind: SetKind,
    count: Option<u32>,
) -> Result<BTreeSet<Element>, NetlinkError> {
    let mut last = elements(socket, table, set, kind)?;
    if matches!(kind, SetKind::Ranges(_) | SetKind::Ports) {
        return Ok(last);
    }
    let is_all = |found: &BTreeSet<Element>| match count {
        Some(count) => usize::try_from(count) == Ok(found.len()),
        // One that is small is read, and grows, at once.
        None => found.len() < SMALL,
    };
    // Without a number, or with one that counts otherwise: what is read twice alike.
    let enough = if count.is_some() { GROWTH_TRIES / 2 } else { 0 };
    for tried in 0..GROWTH_TRIES {
        if is_all(&last) {
            return Ok(last);
        }
        thread::sleep(GROWTH);
        let found = elements(socket, table, set, kind)?;
        if tried >= enough && found == last {
            return Ok(found);
        }
        last = found;
    }
    Err(NetlinkError::Unreadable("a set grows for too long"))
}

fn elements(
    socket: &mut Socket,
    table: Table,
    set: &Name,
    kind: SetKind,
) -> Result<BTreeSet<Element>, NetlinkError> {
    let lists = absent_is_empty(socket.dump(&dump(table, GET_ELEMENT, Some(set)), |_, bytes| {
        let list = parse(bytes).find(|attribute| attribute.kind == 3)?;
        Some(list.nested().filter_map(RawElement::read).collect::<Vec<_>>())
    }))?;
    let elements = decode(kind, lists.into_iter().flatten().collect());
    Ok(elements.ok_or(NetlinkError::Unreadable("an element is not of its set's kind"))?.into_iter().collect())
}
