//! The names that pods know addresses by: those that they asked for.
//!
//! Many names share an address, so what one pod asked for says nothing of what another calls there.

use sekisho_flow::record::Names;
use sekisho_nft::names::{Answer, Named};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long an address keeps a name, whatever the answer says: programs remember for longer than they should, and are told
/// less than a moment where somebody balances load.
const LEAST: Duration = Duration::from_secs(600);
/// And at most.
const MOST: Duration = Duration::from_secs(86_400);
/// How many bytes what a pod knows by name takes at most: some 200 addresses with names as they mostly are.
const OF_A_POD: usize = 64 << 10;
/// Bytes of an address without its names: its place in a table that is half empty, and room for four names.
const ADDRESS: usize = 240;
/// Bytes of a name besides its letters.
const NAME: usize = 24;
/// How many pods know any.
const PODS: usize = 512;
/// How many names an address has for a pod: the latest.
const OF_AN_ADDRESS: usize = 4;

/// What pods asked for.
#[derive(Debug, Default)]
pub(super) struct AskedNames {
    of: HashMap<IpAddr, Known>,
}

/// What one pod asked for.
#[derive(Debug, Default)]
struct Known {
    by: HashMap<IpAddr, Vec<Asked>>,
    /// What it takes.
    bytes: usize,
}

/// A name, and until when the address has it.
#[derive(Debug)]
struct Asked {
    name: Arc<str>,
    until: Instant,
}

impl AskedNames {
    /// Takes in what a pod of this node was answered at `now`. Where too many pods know names already, it does not.
    pub(super) fn learn(&mut self, answer: &Answer, now: Instant) {
        if self.of.len() >= PODS && !self.of.contains_key(&answer.to) {
            self.of.retain(|_, known| known.by.values().flatten().any(|asked| asked.until > now));
            if self.of.len() >= PODS {
                return;
            }
        }
        let known = self.of.entry(answer.to).or_default();
        for Named { address, lasts } in &answer.addresses {
            let until = now + (*lasts).clamp(LEAST, MOST);
            known.learn(*address, Asked { name: Arc::clone(&answer.name), until }, now);
        }
    }

    /// The names by which the pod at `from` knows `to` at `now`.
    pub(super) fn of(&self, from: IpAddr, to: IpAddr, now: Instant) -> Names {
        let known = self.of.get(&from).and_then(|known| known.by.get(&to));
        let lasting = known.into_iter().flatten().filter(|asked| asked.until > now);
        lasting.map(|asked| Arc::clone(&asked.name)).collect()
    }

    /// An address is another pod's, or nobody's: what it asked for is forgotten.
    pub(super) fn forget(&mut self, pod: IpAddr) {
        self.of.remove(&pod);
    }
}

impl Known {
    fn learn(&mut self, address: IpAddr, asked: Asked, now: Instant) {
        let mut names = self.by.remove(&address).unwrap_or_default();
        self.bytes -= bytes_of(&names);
        names.retain(|before| before.name != asked.name && before.until > now);
        if names.len() >= OF_AN_ADDRESS {
            names.remove(0);
        }
        names.push(asked);
        // While it is not there it does not make way itself.
        let bytes = bytes_of(&names);
        self.make_room(bytes, now);
        self.bytes += bytes;
        self.by.insert(address, names);
    }

    /// Lets go what is over, and where that is not enough, what is over first, until there is room for so many bytes.
    fn make_room(&mut self, bytes: usize, now: Instant) {
        if self.bytes + bytes <= OF_A_POD {
            return;
        }
        let ends = |names: &Vec<Asked>| names.iter().map(|asked| asked.until).max();
        self.by.retain(|_, names| ends(names).is_some_and(|until| until > now));
        self.bytes = self.by.values().map(|names| bytes_of(names)).sum();
        while self.bytes + bytes > OF_A_POD {
            let first = self.by.iter().min_by_key(|(address, names)| (ends(names), **address));
            let Some(address) = first.map(|(address, _)| *address) else { return };
            let names = self.by.remove(&address).unwrap_or_default();
            self.bytes -= bytes_of(&names);
        }
    }
}

/// What an address takes that has these names; nothing, where it has none.
fn bytes_of(names: &[Asked]) -> usize {
    let letters: usize = names.iter().map(|asked| NAME + asked.name.len()).sum();
    if names.is_empty() { 0 } else { ADDRESS + letters }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    fn answer(pod: u32, name: &str, to: u32, seconds: u64) -> Answer {
        let named = Named { address: address(to), lasts: Duration::from_secs(seconds) };
        Answer { to: address(pod), name: name.into(), addresses: vec![named] }
    }

    fn names(asked: &AskedNames, pod: u32, to: u32, now: Instant) -> Vec<String> {
        asked.of(address(pod), address(to), now).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn who_asked_knows_it_by_name_for_a_time() {
        let (mut asked, now) = (AskedNames::default(), Instant::now());
        asked.learn(&answer(1, "a.example", 7, 0), now);
        asked.learn(&answer(1, "b.example", 7, 3600), now);
        asked.learn(&answer(1, "c.example", 8, u64::from(u32::MAX)), now);
        assert_eq!(names(&asked, 1, 7, now), ["a.example", "b.example"]);
        assert_eq!(names(&asked, 2, 7, now), [""; 0], "nobody else asked");
        assert_eq!(names(&asked, 1, 9, now), [""; 0]);
        assert_eq!(names(&asked, 1, 7, now + LEAST), ["b.example"]);
        assert_eq!(names(&asked, 1, 8, now + MOST), [""; 0], "no name lasts for ever");
        asked.forget(address(1));
        assert_eq!(names(&asked, 1, 7, now), [""; 0]);
    }

    #[test]
    fn what_is_known_is_bounded() {
        let (mut asked, now) = (AskedNames::default(), Instant::now());
        for pod in 0..2000 {
            asked.learn(&answer(pod, "a.example", 7, 60), now);
        }
        assert_eq!(asked.of.len(), PODS);
        for to in 0..2000 {
            asked.learn(&answer(1, "a.example", to, 600 + u64::from(to)), now);
        }
        let known = asked.of[&address(1)].by.len();
        assert!((220..=256).contains(&known), "{known}");
        assert_eq!(names(&asked, 1, 1999, now), ["a.example"], "the latest is known");
        for number in 0..20 {
            asked.learn(&answer(1, &format!("{number}.example"), 7, 600), now);
        }
        assert_eq!(names(&asked, 1, 7, now), ["16.example", "17.example", "18.example", "19.example"]);
    }
    /// However long names are, and however many an address has.
    #[test]
    fn bytes_are_bounded() {
        let (mut asked, now) = (AskedNames::default(), Instant::now());
        let long = "a".repeat(240);
        for to in 0..1000 {
            for number in 0..5 {
                let name = format!("{number}.{long}");
                asked.learn(&answer(1, &name, to, 600 + u64::from(to)), now);
                assert_eq!(names(&asked, 1, to, now).last(), Some(&name), "the latest is known");
                let known = &asked.of[&address(1)];
                assert_eq!(known.bytes, known.by.values().map(|names| bytes_of(names)).sum::<usize>());
                assert!(known.bytes <= OF_A_POD, "{}", known.bytes);
            }
        }
    }

    /// Pods whose names are all over make way for others.
    #[test]
    fn who_knows_nothing_any_more_makes_way() {
        let (mut asked, now) = (AskedNames::default(), Instant::now());
        (0..600)
            .for_each(|pod| asked.learn(&answer(pod, "a.example", 7, if pod < 9 { 3600 } else { 0 }), now));
        asked.learn(&answer(1000, "b.example", 7, 0), now);
        assert_eq!(names(&asked, 1000, 7, now), [""; 0], "all know something");
        asked.learn(&answer(1000, "b.example", 7, 0), now + LEAST);
        assert_eq!(names(&asked, 1000, 7, now + LEAST), ["b.example"]);
        assert_eq!(names(&asked, 8, 7, now + LEAST), ["a.example"]);
        assert_eq!(asked.of.len(), 10);
    }
}
