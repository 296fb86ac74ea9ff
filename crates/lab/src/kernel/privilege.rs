//! The right to make network namespaces.

use crate::LabError;
use nix::{
    sched::{CloneFlags, unshare},
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::{getegid, geteuid},
};
use std::{fs, io};

/// How the lab may do what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// The process had the capabilities already.
    Capable,
    /// It has them inside a user namespace that it has just entered.
    UserNamespace,
}

/// CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN (`linux/capability.h`).
const NEEDED: [u32; 3] = [12, 13, 21];

/// Gets the capabilities that a lab needs: those the process has, or else those of root in a new user
/// namespace, which the whole process enters. Raises the limit of open files to what is allowed.
///
/// Call it before any thread is started: the kernel lets only a process of one thread enter a user namespace.
///
/// # Errors
/// When the kernel allows neither.
pub fn acquire() -> Result<Privilege, LabError> {
    raise_file_limit();
    if is_capable() {
        return Ok(Privilege::Capable);
    }
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|errno| match errno {
        nix::Error::EINVAL => LabError::Threads,
        errno => LabError::NotAllowed(errno.into()),
    })?;
    // Without `deny` an unprivileged process may not map its group (user_namespaces(7)).
    fs::write("/proc/self/setgroups", "deny").map_err(LabError::NotAllowed)?;
    fs::write("/proc/self/uid_map", format!("0 {user} 1")).map_err(LabError::NotAllowed)?;
    fs::write("/proc/self/gid_map", format!("0 {group} 1")).map_err(LabError::NotAllowed)?;
    if is_capable() {
        Ok(Privilege::UserNamespace)
    } else {
        // AppArmor lets the namespace be made and takes its capabilities away.
        Err(LabError::NotAllowed(io::ErrorKind::PermissionDenied.into()))
    }
}

fn is_capable() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    NEEDED.iter().all(|capability| effective & (1 << capability) != 0)
}

/// A hundred pods are a thousand sockets; the default limit is 1024.
fn raise_file_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // A lower limit makes batches smaller; it stops nothing.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// How many files the process may have open.
pub(crate) fn file_limit() -> usize {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX))
}
