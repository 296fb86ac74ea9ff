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
/// How many addresses a pod knows by name. One has some 100 bytes.
const OF_A_POD: usize = 256;
/// How many pods know any.
const PODS: usize = 512;
/// How many names an address has for a pod: the latest.
const OF_AN_ADDRESS: usize = 4;

/// What pods asked for.
#[derive(Debug, Default)]
pub(super) struct AskedNames {
    of: HashMap<IpAddr, HashMap<IpAddr, Vec<Asked>>>,
}

/// A name, and until when the address has it.
#[derive(Debug)]
struct Asked {
    name: Arc<str>,
    until: Instant,
}

impl AskedNames {
    /// Takes in what a pod was answered at `now`.
    pub(super) fn learn(&mut self, answer: &Answer, now: Instant) {
        if self.of.len() >= PODS && !self.of.contains_key(&answer.to) {
            return;
        }
        let known = self.of.entry(answer.to).or_default();
        for Named { address, lasts } in &answer.addresses {
            if known.len() >= OF_A_POD && !known.contains_key(address) {
                make_room(known, now);
            }
            let names = known.entry(*address).or_default();
            names.retain(|asked| asked.name != answer.name && asked.until > now);
            if names.len() >= OF_AN_ADDRESS {
                names.remove(0);
            }
            let until = now + (*lasts).clamp(LEAST, MOST);
            names.push(Asked { name: Arc::clone(&answer.name), until });
        }
    }

    /// The names by which the pod at `from` knows `to` at `now`.
    pub(super) fn of(&self, from: IpAddr, to: IpAddr, now: Instant) -> Names {
        let known = self.of.get(&from).and_then(|known| known.get(&to));
        let lasting = known.into_iter().flatten().filter(|asked| asked.until > now);
        lasting.map(|asked| Arc::clone(&asked.name)).collect()
    }

    /// An address is another pod's, or nobody's: what it asked for is forgotten.
    pub(super) fn forget(&mut self, pod: IpAddr) {
        self.of.remove(&pod);
    }
}

/// Lets go what is over, and where nothing is, what is over first.
fn make_room(known: &mut HashMap<IpAddr, Vec<Asked>>, now: Instant) {
    let ends = |names: &Vec<Asked>| names.iter().map(|asked| asked.until).max();
    known.retain(|_, names| ends(names).is_some_and(|until| until > now));
    if known.len() >= OF_A_POD {
        let first = known.iter().min_by_key(|(address, names)| (ends(names), **address));
        if let Some(address) = first.map(|(address, _)| *address) {
            known.remove(&address);
        }
    }
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
        assert_eq!(asked.of[&address(1)].len(), OF_A_POD);
        assert_eq!(names(&asked, 1, 1999, now), ["a.example"], "the latest is known");
        for number in 0..20 {
            asked.learn(&answer(1, &format!("{number}.example"), 7, 600), now);
        }
        assert_eq!(names(&asked, 1, 7, now), ["16.example", "17.example", "18.example", "19.example"]);
    }
}
