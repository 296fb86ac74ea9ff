//! Settings of a network namespace. `/proc/sys/net` shows the namespace of the thread that reads it.

use crate::LabError;
use std::{fs, path::Path};

/// Settings of every namespace of a lab, before any link is in it.
const EVERYWHERE: [(&str, &str); 6] = [
    // A path back that differs from the path there is no mistake in a lab.
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
    // Addresses are ours alone: waiting a second for duplicates helps nobody.
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/accept_ra", "0"),
    // Neighbours are all told, so no link-local address is needed.
    ("ipv6/conf/default/addr_gen_mode", "1"),
    ("ipv6/conf/default/router_solicitations", "0"),
];

/// Settings that only make things better; kernels that lack them do without.
const BETTER: [(&str, &str); 6] = [
    // Closed ports answer every probe, not a thousand a second.
    ("ipv4/icmp_ratelimit", "0"),
    ("ipv4/icmp_msgs_per_sec", "1000000"),
    ("ipv4/icmp_msgs_burst", "1000000"),
    ("ipv6/icmp/ratelimit", "0"),
    // `ping` in a lab shell needs no privilege.
    ("ipv4/ping_group_range", "0 2147483647"),
    ("ipv4/tcp_fin_timeout", "1"),
];

const FORWARDING: [(&str, &str); 2] = [("ipv4/conf/all/forwarding", "1"), ("ipv6/conf/all/forwarding", "1")];

/// Prepares the namespace of the calling thread.
pub(crate) fn prepare(forwards: bool) -> Result<(), LabError> {
    for (key, value) in EVERYWHERE {
        set(key, value)?;
    }
    for (key, value) in BETTER {
        let _ = write(key, value);
    }
    if forwards {
        for (key, value) in FORWARDING {
            set(key, value)?;
        }
    }
    Ok(())
}

/// Sets one; IPv6 settings only where the kernel has IPv6.
fn set(key: &str, value: &str) -> Result<(), LabError> {
    if key.starts_with("ipv6/") && !has_ipv6() {
        return Ok(());
    }
    write(key, value).map_err(LabError::kernel(format!("/proc/sys/net/{key}")))
}

/// Sets one of the calling thread's namespace.
pub(crate) fn write(key: &str, value: &str) -> std::io::Result<()> {
    fs::write(Path::new("/proc/sys/net").join(key), value)
}

/// Whether the kernel has IPv6.
pub(crate) fn has_ipv6() -> bool {
    Path::new("/proc/sys/net/ipv6").exists()
}
