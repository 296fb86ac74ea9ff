//! Packets from one pod to another on a bridge, which the kernel shows to its rules only where `br_netfilter` is there
//! and told to.

use sekisho_nft::{Bridge, Links, NetlinkError};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use tracing::{debug, info, warn};

/// The folder of the kernel's settings of bridges. It is there where `br_netfilter` is.
const SETTINGS: &str = "/proc/sys/net/bridge";
const NAMES: [&str; 2] = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"];

/// The bridges of this node.
#[derive(Debug)]
pub(crate) struct Bridges {
    links: Links,
    settings: PathBuf,
    /// Over which something may go from pod to pod past the rules, each with why.
    unseen: BTreeSet<String>,
}

/// What the kernel is told about all bridges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    /// Nothing: it has no `br_netfilter`.
    Absent,
    /// To show their packets.
    On,
    /// To show those of the bridges that say so.
    Off,
}

impl Bridges {
    /// Those of the network namespace of the thread that calls. Where it can be, the packets of all bridges are shown
    /// from now on, also of those that are made later.
    pub(crate) fn open() -> Result<Self, NetlinkError> {
        let bridges = Self { links: Links::open()?, settings: SETTINGS.into(), unseen: BTreeSet::new() };
        if bridges.setting() == Setting::Off {
            // In a container it cannot be; then each bridge is told.
            let written = NAMES.map(|name| fs::write(bridges.settings.join(name), "1").is_ok());
            debug!(done = written.iter().all(|done| *done), "packets on bridges are shown to the rules");
        }
        Ok(bridges)
    }

    /// Has each bridge that joins pods show its packets, and finds those that do not.
    pub(crate) fn look(&mut self) -> Result<(), NetlinkError> {
        let setting = self.setting();
        let mut unseen = BTreeSet::new();
        let bridges = self.links.bridges();
        for bridge in bridges.iter().flatten().filter(|bridge| bridge.joins_pods()) {
            unseen.extend(self.show(bridge, setting));
        }
        if bridges.is_err() {
            unseen.insert("the kernel does not tell which bridges there are".to_owned());
        }
        for found in unseen.difference(&self.unseen) {
            warn!("policies are not enforced on a bridge: {found}");
        }
        if unseen.is_empty() && !self.unseen.is_empty() {
            info!("policies are enforced on all bridges");
        }
        self.unseen = unseen;
        bridges.map(drop)
    }

    /// Over which bridges something may go from pod to pod past the rules, and what to do about it.
    pub(crate) fn unseen(&self) -> &BTreeSet<String> {
        &self.unseen
    }

    /// Why packets on a bridge are not shown; nothing if they are.
    fn show(&mut self, bridge: &Bridge, setting: Setting) -> Option<String> {
        let name = &bridge.name;
        if setting == Setting::Absent {
            return Some(format!(
                "what pods send each other over `{name}` passes by the rules: load the kernel module br_netfilter on this node, or isolate the ports of the bridge"
            ));
        }
        // Also where all are: whoever switches that off for all does not switch off this one.
        if bridge.shows || self.links.show(bridge.index).is_ok() || setting == Setting::On {
            return None;
        }
        Some(format!(
            "what pods send each other over `{name}` passes by the rules: set net.bridge.{} and net.bridge.{} to 1 on this node",
            NAMES[0], NAMES[1]
        ))
    }

    fn setting(&self) -> Setting {
        let on = |name: &str| is_on(&self.settings.join(name));
        match NAMES.map(on) {
            [Some(true), Some(true)] => Setting::On,
            [Some(_), Some(_)] => Setting::Off,
            _ => Setting::Absent,
        }
    }
}

/// Whether a setting is on; nothing if it is not there.
fn is_on(path: &Path) -> Option<bool> {
    fs::read_to_string(path).ok().map(|value| value.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_all_bridges() {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().to_owned();
        let bridges = Bridges { links: Links::open().unwrap(), settings, unseen: BTreeSet::new() };
        assert_eq!(bridges.setting(), Setting::Absent);
        fs::write(folder.path().join(NAMES[0]), "1\n").unwrap();
        assert_eq!(bridges.setting(), Setting::Absent, "both families or none");
        fs::write(folder.path().join(NAMES[1]), "0\n").unwrap();
        assert_eq!(bridges.setting(), Setting::Off);
        fs::write(folder.path().join(NAMES[1]), "1\n").unwrap();
        assert_eq!(bridges.setting(), Setting::On);
    }
}
