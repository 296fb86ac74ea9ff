//! Packets from one pod to another on a bridge, which the kernel shows to its rules only where `br_netfilter` is there
//! and told to.

mod frames;

use frames::Frames;
use sekisho_nft::{Bridge, Drift, Kernel, Links, NetlinkError};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use tracing::{debug, info, warn};

/// The folder of the kernel's settings of bridges. It is there where `br_netfilter` is.
const SETTINGS: &str = "/proc/sys/net/bridge";
const NAMES: [&str; 2] = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"];
/// Whether frames are shown as well that bear one tag of a VLAN. No bridge can say so for itself.
const TAGGED: &str = "bridge-nf-filter-vlan-tagged";

/// The bridges of this node.
#[derive(Debug)]
pub(crate) struct Bridges {
    links: Links,
    frames: Frames,
    settings: PathBuf,
    /// Over which something may go from pod to pod past the rules, each with why.
    unseen: BTreeSet<String>,
    /// What else gets past the rules, that no pod sends which has no right to send whatever it likes.
    passing: BTreeSet<String>,
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
        let bridges = Self::with(SETTINGS.into())?;
        if bridges.setting() == Setting::Off {
            // In a container it cannot be; then each bridge is told.
            let written = NAMES.map(|name| fs::write(bridges.settings.join(name), "1").is_ok());
            debug!(done = written.iter().all(|done| *done), "packets on bridges are shown to the rules");
        }
        Ok(bridges)
    }

    fn with(settings: PathBuf) -> Result<Self, NetlinkError> {
        let (links, frames) = (Links::open()?, Frames::open()?);
        Ok(Self { links, frames, settings, unseen: BTreeSet::new(), passing: BTreeSet::new() })
    }

    /// The port of the socket by which rules about frames are changed.
    pub(crate) fn port(&self) -> u32 {
        self.frames.port()
    }

    /// Brings the kernel to have the rules about frames, and tells how it differed. Where it does not take them,
    /// [`Self::passing`] says so from the next [`Self::look`] on.
    pub(crate) fn keep_frames(&mut self) -> Vec<Drift> {
        self.frames.keep()
    }

    /// The kernel, where it has rules about frames.
    pub(crate) fn frames(&mut self) -> Option<&mut Kernel> {
        self.frames.kernel()
    }

    /// The rules about frames that are programmed, for people.
    pub(crate) fn text(&self) -> Option<String> {
        self.frames.text()
    }

    /// Has each bridge that joins pods show its packets, and finds those that do not.
    pub(crate) fn look(&mut self) -> Result<(), NetlinkError> {
        if self.frames.refused().is_some() {
            self.frames.keep();
        }
        let setting = self.setting();
        let (mut unseen, mut passing) = (BTreeSet::new(), BTreeSet::new());
        let bridges = self.links.bridges();
        for bridge in bridges.iter().flatten().filter(|bridge| bridge.joins_pods()) {
            unseen.extend(self.show(bridge, setting));
            match self.tags(bridge, setting) {
                Some(why) if bridge.filters => unseen.insert(why),
                Some(why) => passing.insert(why),
                None => false,
            };
            passing.extend(self.raw());
        }
        if bridges.is_err() {
            unseen.insert("the kernel does not tell which bridges there are".to_owned());
        }
        for found in unseen.difference(&self.unseen) {
            warn!("policies are not enforced on a bridge: {found}");
        }
        for found in passing.difference(&self.passing) {
            warn!("policies do not see everything on a bridge: {found}");
        }
        if unseen.is_empty() && !self.unseen.is_empty() {
            info!("policies are enforced on all bridges");
        }
        (self.unseen, self.passing) = (unseen, passing);
        bridges.map(drop)
    }

    /// Over which bridges something may go from pod to pod past the rules, and what to do about it.
    pub(crate) fn unseen(&self) -> &BTreeSet<String> {
        &self.unseen
    }

    /// What gets past the rules though all bridges are shown: nothing that a pod sends which may not send whatever
    /// it likes. What to do about it is said, too.
    pub(crate) fn passing(&self) -> &BTreeSet<String> {
        &self.passing
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

    /// Which frames with a tag get past the rules; nothing if none do that are read as packets.
    ///
    /// A bridge that filters VLANs puts tags on frames and takes them off: a pod may send untagged what another port
    /// gives out tagged, or the other way round, and then one of the two hooks sees no packet. From elsewhere than
    /// from pods, tags of VLAN 0 come with a priority. All others are for interfaces of their VLAN.
    fn tags(&self, bridge: &Bridge, setting: Setting) -> Option<String> {
        if setting == Setting::Absent || !(bridge.filters || bridge.leads_out()) || self.shows_tagged() {
            return None;
        }
        let which = match bridge.filters {
            true => "what is sent with a VLAN tag over",
            false => "what comes with a VLAN tag of 0 from outside the node to",
        };
        let name = &bridge.name;
        Some(format!("{which} `{name}` passes by the rules: set net.bridge.{TAGGED} to 1 on this node"))
    }

    /// Whether frames with one tag are shown; they are from now on where that can be.
    fn shows_tagged(&self) -> bool {
        let path = self.settings.join(TAGGED);
        let is_on = || is_on(&path) == Some(true);
        is_on() || (fs::write(&path, "1").is_ok() && is_on())
    }

    /// That rules about frames are not there, if so.
    fn raw(&self) -> Option<String> {
        let why = self.frames.refused()?;
        Some(format!(
            "pods that may send whatever they like get past the rules on bridges with a VLAN tag of 0: drop NET_RAW, or have a kernel with nftables for bridges, of Linux 5.6 at least ({why})"
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
        let bridges = Bridges::with(folder.path().to_owned()).unwrap();
        assert_eq!(bridges.setting(), Setting::Absent);
        fs::write(folder.path().join(NAMES[0]), "1\n").unwrap();
        assert_eq!(bridges.setting(), Setting::Absent, "both families or none");
        fs::write(folder.path().join(NAMES[1]), "0\n").unwrap();
        assert_eq!(bridges.setting(), Setting::Off);
        fs::write(folder.path().join(NAMES[1]), "1\n").unwrap();
        assert_eq!(bridges.setting(), Setting::On);
    }

    /// Two pods on a bridge, and perhaps somebody else.
    fn bridge(filters: bool, others: usize) -> Bridge {
        let name = "cni0".to_owned();
        Bridge { index: 1, name, shows: true, filters, ports: 2 + others, veths: 2, isolated: 0 }
    }

    #[test]
    fn frames_with_a_tag_are_shown_where_they_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TAGGED);
        let bridges = Bridges::with(folder.path().to_owned()).unwrap();
        for (bridge, is_shown) in [(bridge(false, 0), "0"), (bridge(true, 0), "1"), (bridge(false, 1), "1")] {
            fs::write(&path, "0").unwrap();
            assert_eq!(bridges.tags(&bridge, Setting::On), None);
            assert_eq!(fs::read_to_string(&path).unwrap(), is_shown, "{bridge:?}");
        }
    }

    /// As in a container, which cannot change the settings of its node.
    #[test]
    fn a_bridge_that_filters_vlans_is_not_seen_without_the_setting() {
        let folder = tempfile::tempdir().unwrap();
        let bridges = Bridges::with(folder.path().join("nothing")).unwrap();
        assert_eq!(bridges.tags(&bridge(false, 0), Setting::On), None, "no tag is read there");
        let said = bridges.tags(&bridge(true, 0), Setting::On).unwrap();
        assert_eq!(
            said,
            "what is sent with a VLAN tag over `cni0` passes by the rules: set net.bridge.bridge-nf-filter-vlan-tagged to 1 on this node"
        );
        let said = bridges.tags(&bridge(false, 1), Setting::Off).unwrap();
        assert!(
            said.starts_with("what comes with a VLAN tag of 0 from outside the node to `cni0`"),
            "{said}"
        );
        assert_eq!(bridges.tags(&bridge(true, 1), Setting::Absent), None, "there is worse to say");
    }
}
