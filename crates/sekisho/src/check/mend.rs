//! Mending what was found, in the texts: round after round, until nothing is left that can be mended.
//!
//! A mend may uncover the next: a policy that is moved to where its pods are has peers that are looked at for the
//! first time. INVARIANT: what is said to change no connection is held to it. When the mends that were to touch none
//! do, nothing is written.

use super::Checked;
use anyhow::{Context, bail};
use sekisho_core::{
    diff::{Difference, between},
    mend::{Mend, Touches},
};
use sekisho_k8s::edit::{self, Change, Editor, Sources};
use sekisho_lint::Subject;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::Arc,
};

/// After how many rounds nothing is mended any more: mends that undo each other would go on for ever.
const ROUNDS: usize = 64;

/// What became of the texts.
pub(crate) struct Mended {
    /// The texts that changed: as they were, and as they are.
    pub(crate) texts: BTreeMap<Arc<str>, [Arc<str>; 2]>,
    /// How many findings were mended.
    pub(crate) count: usize,
    /// What the mends open and close.
    pub(crate) difference: Difference,
    /// What is found afterwards.
    pub(crate) left: Checked,
}

/// Mends what `checked` has found. `look` looks at texts again.
///
/// # Errors
/// When mends that should change no connection do.
pub(crate) fn mend(
    checked: Checked,
    with_risk: bool,
    mut look: impl FnMut(&Sources) -> Checked,
) -> anyhow::Result<Mended> {
    let (before, cluster) = (checked.sources.clone(), checked.cluster.clone());
    let (mut left, mut count) = (checked, 0);
    for _ in 0..ROUNDS {
        let (changes, made) = changes(&left, with_risk);
        if made == 0 {
            break;
        }
        let mut sources = left.sources.clone();
        for (name, of) in changes {
            if let Some(text) = sources.get_mut(&name) {
                *text = edit::apply(text, &of).into();
            }
        }
        let unread = unreadable(&left);
        left = look(&sources);
        if unreadable(&left) > unread {
            bail!(
                "a mend would make a file that cannot be read, so nothing is written: this is a fault of sekisho, please \
                 report it with the manifests"
            );
        }
        count += made;
    }
    // Texts that are as they were decide as they did.
    let difference = if count == 0 { Difference::default() } else { between(&cluster, &left.cluster) };
    if !with_risk && !difference.is_empty() {
        bail!(
            "the mends were to change no connection and would change some, so nothing is written: this is a fault of \
             sekisho, please report it with the manifests"
        );
    }
    let texts = left.sources.iter().filter_map(|(name, new)| {
        let old = before.get(name).filter(|old| *old != new)?;
        Some((Arc::clone(name), [Arc::clone(old), Arc::clone(new)]))
    });
    Ok(Mended { texts: texts.collect(), count, difference, left })
}

/// How much of the texts cannot be read.
fn unreadable(checked: &Checked) -> usize {
    checked.findings.iter().filter(|one| one.code() == "SK100").count()
}

/// The changes of a round by text, and how many findings they mend: those that do not get in each other's way.
fn changes(checked: &Checked, with_risk: bool) -> (BTreeMap<Arc<str>, Vec<Change>>, usize) {
    let mut accepted: BTreeMap<Arc<str>, Vec<Change>> = BTreeMap::new();
    let editor = Editor::new(&checked.sources);
    let (mut made, mut touched) = (0, BTreeSet::new());
    for finding in &checked.findings {
        // One at a time of a policy: two that each leave something of a list could together leave nothing, and a list
        // of nobody is everybody.
        if matches!(finding.subject, Subject::Policy(_)) && touched.contains(&finding.subject) {
            continue;
        }
        let Some(mend) = finding.diagnostic.mend.as_ref().filter(|mend| may(mend, with_risk)) else {
            continue;
        };
        let Ok(changes) = editor.changes(&mend.edits) else { continue };
        let is_free = |change: &Change| {
            is_file(&change.source)
                && accepted
                    .get(&change.source)
                    .is_none_or(|others| others.iter().all(|one| is_apart(one, change)))
        };
        if changes.is_empty() || !changes.iter().all(is_free) {
            continue;
        }
        for change in changes {
            accepted.entry(Arc::clone(&change.source)).or_default().push(change);
        }
        touched.insert(&finding.subject);
        made += 1;
    }
    (accepted, made)
}

fn may(mend: &Mend, with_risk: bool) -> bool {
    with_risk || mend.touches == Touches::Nothing
}

/// Whether two changes leave something between them.
fn is_apart(one: &Change, other: &Change) -> bool {
    one.end < other.start || other.end < one.start
}

/// Whether a text is a file: what a program built, or came on standard input, has nothing to be written to.
fn is_file(name: &str) -> bool {
    Path::new(name).is_file()
}

/// Writes the texts to their files, each at once.
///
/// # Errors
/// When one cannot be written. Those before it are.
pub(crate) fn write(mended: &Mended) -> anyhow::Result<()> {
    for (name, [_, new]) in &mended.texts {
        let path = Path::new(&**name);
        let now = fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
        // The mark at the start is no part of the text that was read.
        let mark: &[u8] = if now.starts_with(b"\xef\xbb\xbf") { b"\xef\xbb\xbf" } else { b"" };
        let real = path.canonicalize().with_context(|| format!("cannot write `{name}`"))?;
        let folder = real.parent().unwrap_or(Path::new("."));
        let file =
            tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write `{name}`"))?;
        let put = || -> std::io::Result<()> {
            fs::write(file.path(), [mark, new.as_bytes()].concat())?;
            fs::set_permissions(file.path(), fs::metadata(&real)?.permissions())
        };
        put().with_context(|| format!("cannot write `{name}`"))?;
        file.persist(&real).with_context(|| format!("cannot write `{name}`"))?;
    }
    Ok(())
}
