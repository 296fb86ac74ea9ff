//! Packets between two pods on one bridge, which the kernel shows to its rules only if it is told to.

use std::{fs, io, path::Path};
use tracing::{info, warn};

/// The folder of the kernel's settings of bridges. It is there where some bridge can be filtered.
const SETTINGS: &str = "/proc/sys/net/bridge";
const NAMES: [&str; 2] = ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"];

/// How a setting was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// There are no bridges whose packets could be shown.
    Absent,
    /// It was on.
    On,
    /// It was off, and is on now.
    SwitchedOn,
    /// It is off, and stays so.
    Off,
}

/// Switches on that packets on bridges are shown to the rules, in the network namespace of the thread that
/// calls, or says that somebody else must.
pub(crate) fn show() {
    for name in NAMES {
        match switch_on(&Path::new(SETTINGS).join(name)) {
            Found::Absent | Found::On => {}
            Found::SwitchedOn => info!(setting = name, "packets between pods on one bridge are policed now"),
            Found::Off => warn!(
                setting = name,
                "packets between two pods on one bridge are not policed: set net.bridge.{name} to 1 on this node"
            ),
        }
    }
}

fn switch_on(path: &Path) -> Found {
    match fs::read_to_string(path) {
        Ok(value) if value.trim() == "0" => match fs::write(path, "1") {
            Ok(()) => Found::SwitchedOn,
            Err(_) => Found::Off,
        },
        Ok(_) => Found::On,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Absent,
        Err(_) => Found::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_switched_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("setting");
        assert_eq!(switch_on(&file), Found::Absent);
        fs::write(&file, "0\n").unwrap();
        assert_eq!(switch_on(&file), Found::SwitchedOn);
        assert_eq!(switch_on(&file), Found::On);
        assert_eq!(switch_on(folder.path()), Found::Off, "what cannot be read is not on");
    }
}
