//! A shell in a pod.

mod names;
mod watch;

pub use watch::{Applied, Watching};

use crate::{
    Lab, LabError,
    kernel::namespace::Namespace,
    plan::{Host, Plan},
};
use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, setns, unshare},
    sys::{prctl, signal::Signal},
    unistd::sethostname,
};
use std::{
    ffi::OsString,
    fs, io,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus},
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
};

/// A program that runs in a pod's namespaces, with everything that it starts.
#[derive(Debug)]
pub struct Shell {
    // INVARIANT: lives as long as the program, which is killed when this thread ends.
    keeper: Option<JoinHandle<()>>,
    ended: Receiver<io::Result<ExitStatus>>,
}

impl Lab {
    /// Starts the user's shell in the pod that is called `pod` (`namespace/name` of a pod or workload).
    /// Pods, Services and nodes have names there; the prompt says where it is.
    ///
    /// # Errors
    /// When there is no such pod, or the kernel refuses.
    pub fn shell(&self, pod: &str) -> Result<Shell, LabError> {
        let shell = std::env::var_os("SHELL").unwrap_or_else(|| OsString::from("/bin/sh"));
        self.start(pod, Command::new(shell))
    }

    /// Starts `command` in the pod that is called `pod`.
    ///
    /// # Errors
    /// When there is no such pod, or the kernel refuses.
    pub fn start(&self, pod: &str, mut command: Command) -> Result<Shell, LabError> {
        let plan = self.current_plan();
        let host = self.host(pod)?;
        let namespace = self.topology.namespace(plan, host).ok_or_else(|| LabError::NoPod(pod.to_owned()))?;
        let hosts = names::hosts(plan, host);
        dress(&mut command, plan, host, pod);
        let namespace = namespace.clone_handle()?;
        let hostname = pod.split('/').rev().collect::<Vec<_>>().join(".");
        let (started, has_started) = channel();
        let (end, ended) = channel();
        let keeper = thread::Builder::new().name("lab shell".to_owned()).spawn(move || {
            match enter(&namespace, &hosts, &hostname).and_then(|()| spawn(&mut command)) {
                Ok(mut child) => {
                    let _ = started.send(Ok(()));
                    let _ = end.send(child.wait());
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
        let keeper = keeper.map_err(LabError::kernel("starting a thread"))?;
        has_started.recv().unwrap_or(Err(LabError::NoPod(pod.to_owned())))?;
        Ok(Shell { keeper: Some(keeper), ended })
    }
}

impl Shell {
    /// Waits until the program ends.
    ///
    /// # Errors
    /// When its end cannot be learnt.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.ended.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        if let Some(keeper) = self.keeper.take() {
            // A panic there has been printed already.
            let _ = keeper.join();
        }
        status
    }

    /// How the program ended, if it has within `patience`.
    pub(crate) fn ended_within(&self, patience: std::time::Duration) -> Option<io::Result<ExitStatus>> {
        use std::sync::mpsc::RecvTimeoutError;
        match self.ended.recv_timeout(patience) {
            Ok(status) => Some(status),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

/// Says where the shell is, in the ways in which shells make prompts.
fn dress(command: &mut Command, plan: &Plan, host: Host, pod: &str) {
    let prompt = format!("[lab {pod}] \\w \\$ ");
    command.env("PS1", &prompt).env("PROMPT_COMMAND", format!("PS1='{prompt}'")).env("SEKISHO_LAB_POD", pod);
    let addresses: Vec<String> = match host {
        Host::Site(at) => {
            plan.sites.get(at).map(|site| site.addresses.iter().map(ToString::to_string).collect())
        }
        _ => None,
    }
    .unwrap_or_default();
    command.env("SEKISHO_LAB_ADDRESSES", addresses.join(" "));
}

/// Brings the calling thread into the pod: network, its own names, mounts and processes.
fn enter(namespace: &Namespace, hosts: &str, hostname: &str) -> Result<(), LabError> {
    setns(namespace, CloneFlags::CLONE_NEWNET).map_err(LabError::errno("entering the pod"))?;
    let apart = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWPID;
    unshare(apart).map_err(LabError::errno("unshare"))?;
    // A long name is cut by nobody: the shell does without.
    let _ = sethostname(hostname);
    let none: Option<&str> = None;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(none, "/", none, private, none).map_err(LabError::errno("making mounts private"))?;
    name_hosts(hosts).map_err(LabError::kernel("/etc/hosts"))
}

/// Puts names into `/etc/hosts`, for this thread's mounts alone: from a file in memory that is mounted
/// over it.
fn name_hosts(hosts: &str) -> io::Result<()> {
    let none: Option<&str> = None;
    mount(Some("sekisho"), "/tmp", Some("tmpfs"), MsFlags::empty(), none)?;
    fs::write("/tmp/hosts", hosts)?;
    let bound = mount(Some("/tmp/hosts"), "/etc/hosts", none, MsFlags::MS_BIND, none);
    umount2("/tmp", MntFlags::MNT_DETACH)?;
    // A machine without the file resolves no names from it either.
    match bound {
        Err(nix::Error::ENOENT) => Ok(()),
        bound => Ok(bound?),
    }
}

fn spawn(command: &mut Command) -> Result<Child, LabError> {
    let inside = || {
        // The first process of its process namespace: with it die all that it has started. It dies with the
        // thread that started it, so that nothing outlives the lab, however that ends.
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        let none: Option<&str> = None;
        // Where the machine hides parts of its own, `ps` shows the outer processes.
        let _ = mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none);
        Ok(())
    };
    // SAFETY: between fork and exec only system calls are made; nothing is allocated and no lock is taken.
    unsafe { command.pre_exec(inside) };
    command.spawn().map_err(LabError::kernel(command.get_program().to_string_lossy()))
}
