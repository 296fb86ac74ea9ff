//! What pods of this node were given, where it outlives the agent: the API server tells of an address only
//! after the first container of its pod runs, and of one that was taken, long after.

use super::pods::Known;
use crate::socket::Attachment;
use sekisho_core::object::{ObjectKey, PodUid};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, ErrorKind, Write},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use tracing::warn;

/// A file in a folder that a restart of the node empties, as it ends all sandboxes.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
}

/// What it says of a pod.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    namespace: String,
    name: String,
    uid: String,
    given: Vec<(Attachment, BTreeSet<IpAddr>)>,
    taken: BTreeSet<IpAddr>,
}

impl Ledger {
    /// Reads what is there. Without it, what the API server tells has to do.
    pub(super) fn open(path: &Path) -> (Self, BTreeMap<PodUid, Known>) {
        let read = fs::read_to_string(path).and_then(|text| Ok(serde_json::from_str::<Vec<Entry>>(&text)?));
        let entries = match read {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                warn!(path = %path.display(), %error, "what pods were given cannot be read");
                Vec::new()
            }
        };
        let known = entries.into_iter().map(|Entry { namespace, name, uid, given, taken }| {
            let key = ObjectKey::new(namespace.as_str(), name.as_str());
            (PodUid(uid.into()), Known { key, given: given.into_iter().collect(), taken })
        });
        (Self { path: path.to_owned() }, known.collect())
    }

    /// Writes down what is known: who reads it finds all of it, or all of what was there before.
    pub(super) fn write(&self, known: &BTreeMap<PodUid, Known>) -> io::Result<()> {
        let entry = |(uid, known): (&PodUid, &Known)| Entry {
            namespace: known.key.namespace.to_string(),
            name: known.key.name.to_string(),
            uid: uid.to_string(),
            given: known.given.clone().into_iter().collect(),
            taken: known.taken.clone(),
        };
        let text = serde_json::to_string(&known.iter().map(entry).collect::<Vec<_>>())?;
        let new = self.path.with_extension("new");
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, &self.path)
    }
}
