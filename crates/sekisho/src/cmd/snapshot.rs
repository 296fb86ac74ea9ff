//! `sekisho snapshot`.

mod folder;

use crate::{args::SnapshotArgs, input, outcome::Outcome, output};
use anyhow::Context;
use folder::Folder;
use sekisho_k8s::{
    live,
    snapshot::{Redactor, Snapshot},
};
use std::{
    fs::{self, File},
    io::Read,
};

/// Writes a snapshot.
pub(crate) fn run(arguments: &SnapshotArgs) -> anyhow::Result<Outcome> {
    // Before a cluster is read for minutes.
    let folder = Folder::check(&arguments.folder)?;
    let redactor = redactor(arguments)?;
    let hidden = redactor.is_some();
    let (snapshot, from) = match arguments.input.how.cluster.access() {
        Some(access) => (live::snapshot_cluster(&access, redactor)?, "a cluster"),
        None => {
            let Some(input) = input::read(&arguments.input)? else { return Ok(Outcome::CouldNot) };
            let mut snapshot = Snapshot::new(redactor);
            snapshot.add_texts(&input.sources, arguments.input.how.namespace());
            (snapshot, "manifests")
        }
    };
    folder.write(&snapshot.files(), &folder::about(&snapshot, from, hidden))?;
    let count: usize = snapshot.counts().values().sum();
    let objects = if count == 1 { "1 object".to_owned() } else { format!("{count} objects") };
    output::to_stdout(|out| Ok(writeln!(out, "wrote {objects} to `{}`", arguments.folder.display())?))?;
    Ok(Outcome::Holds)
}

/// What hides names and addresses, where that is asked for.
fn redactor(arguments: &SnapshotArgs) -> anyhow::Result<Option<Redactor>> {
    if let Some(path) = &arguments.redact_key {
        let secret = fs::read(path).with_context(|| format!("cannot read the key `{}`", path.display()))?;
        return Ok(Some(Redactor::new(&secret)));
    }
    if !arguments.redact {
        return Ok(None);
    }
    let mut secret = [0_u8; 32];
    let source = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut secret));
    source.context("cannot make a key: `/dev/urandom` cannot be read")?;
    Ok(Some(Redactor::new(&secret)))
}

/// Whether a folder is a snapshot: then what is not in it is not in the cluster.
pub(crate) fn is_one(path: &std::path::Path) -> bool {
    Folder::is_snapshot(path)
}
