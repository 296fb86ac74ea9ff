//! `sekisho-agent install-cni`: the plugin on a node.

mod files;
mod list;
mod network;

use super::NAME;
use crate::args::InstallCni;
use anyhow::{Context, Error, bail};
use std::{
    env,
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

/// How often it is looked for a network that is not there yet.
const PAUSE: Duration = Duration::from_millis(500);

/// Copies the program and adds it to the node's network, or takes it out again.
pub(crate) fn install(how: &InstallCni) -> Result<ExitCode, Error> {
    if how.remove {
        return remove(how);
    }
    let program = how.bin.join(NAME);
    let copied = copy(&program).with_context(|| format!("cannot install `{}`", program.display()))?;
    say(&program, if copied { "is installed" } else { "is installed already" });
    let until = Instant::now() + Duration::from_secs(how.wait);
    let mut said = String::new();
    loop {
        let why = match network::add(&how.conf, &how.socket) {
            Ok(Some(network)) => {
                say(
                    &network.path,
                    if network.changed { "has the plugin now" } else { "has the plugin already" },
                );
                return Ok(ExitCode::SUCCESS);
            }
            Ok(None) => format!("no network is configured in `{}` yet", how.conf.display()),
            // Another program may be about to write the file.
            Err(error) if Instant::now() < until => format!("{error:#}"),
            Err(error) => return Err(error),
        };
        if Instant::now() >= until {
            bail!(
                "{why}; the plugin is added to a network that is there: install that first, or wait with `--wait SECONDS`"
            );
        }
        if why != said {
            eprintln!("sekisho-agent: {why}; waiting");
            said = why;
        }
        thread::sleep(PAUSE);
    }
}

/// The program stays: runtimes remember with which plugins a pod was added, and call them when it goes.
fn remove(how: &InstallCni) -> Result<ExitCode, Error> {
    let changed = network::remove(&how.conf)?;
    if changed.is_empty() {
        println!("no network in `{}` has the plugin", how.conf.display());
    }
    changed.iter().for_each(|path| say(path, "no longer has the plugin"));
    Ok(ExitCode::SUCCESS)
}

fn say(path: &Path, what: &str) {
    println!("`{}` {what}", path.display());
}

/// Copies this program to `target`, where it is not there already.
fn copy(target: &Path) -> Result<bool, Error> {
    let own = env::current_exe().context("cannot tell where this program is")?;
    let mode = fs::metadata(target).ok().map(|file| file.permissions().mode());
    if mode.is_some_and(|mode| mode & 0o555 == 0o555) && is_same(&own, target)? {
        return Ok(false);
    }
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    files::put(target, 0o755, &mut File::open(&own)?)?;
    Ok(true)
}

fn is_same(one: &Path, other: &Path) -> Result<bool, Error> {
    Ok(fs::metadata(one)?.len() == fs::metadata(other)?.len() && fs::read(one)? == fs::read(other)?)
}
