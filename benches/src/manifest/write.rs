//! A cluster as a folder of files, written as it is made: a million pods are never held.

use super::{object, yaml};
use crate::{Result, cluster::Realistic};
use sekisho_core::object::Change;
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
};

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// YAML as `kubectl get -o yaml` prints it.
    Kubectl,
    /// JSON with the fields that a verdict depends on, an item a line, as `sekisho snapshot` writes it.
    Snapshot,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    /// Files.
    pub(crate) files: usize,
    /// Bytes of all of them.
    pub(crate) bytes: usize,
}

/// Objects of one file, at most.
const ITEMS: usize = 10_000;

/// Writes the objects into files of the folder, some thousand of one kind in each.
pub(crate) fn folder(cluster: &Realistic, form: Form, folder: &Path) -> Result<Written> {
    fs::create_dir_all(folder)?;
    let mut writer = Writer { form, folder, written: Written::default() };
    writer.kind("namespaces", cluster.namespaces().map(Change::PutNamespace))?;
    writer.kind("nodes", cluster.nodes().map(Change::PutNode))?;
    writer.kind("networkpolicies", cluster.policies().map(Change::PutPolicy))?;
    writer.kind("pods", cluster.pods().map(|pod| Change::PutPod(pod.into())))?;
    Ok(writer.written)
}

struct Writer<'a> {
    form: Form,
    folder: &'a Path,
    written: Written,
}

impl Writer<'_> {
    fn kind(&mut self, kind: &str, objects: impl Iterator<Item = Change>) -> Result<()> {
        let mut objects = objects.peekable();
        let extension = if self.form == Form::Kubectl { "yaml" } else { "json" };
        let mut number = 0usize;
        while objects.peek().is_some() {
            number += 1;
            let path = self.folder.join(format!("{kind}-{number:04}.{extension}"));
            let mut file = BufWriter::new(File::create(path)?);
            self.written.bytes += self.list(objects.by_ref().take(ITEMS), &mut file)?;
            self.written.files += 1;
            file.flush()?;
        }
        Ok(())
    }

    /// Writes a `List`, and says how many bytes it has.
    fn list(&self, objects: impl Iterator<Item = Change>, file: &mut impl Write) -> Result<usize> {
        let (head, tail) = match self.form {
            Form::Kubectl => ("apiVersion: v1\nitems:\n", "kind: List\n"),
            Form::Snapshot => ("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n", "\n]}\n"),
        };
        file.write_all(head.as_bytes())?;
        let mut bytes = head.len() + tail.len();
        let values = objects.filter_map(|change| object(&change, self.form));
        for (number, value) in values.enumerate() {
            let mut text = String::new();
            match self.form {
                Form::Kubectl => {
                    text.push_str("- ");
                    yaml::block(&value, 2, &mut text);
                }
                Form::Snapshot => {
                    text.push_str(if number == 0 { "" } else { ",\n" });
                    text.push_str(&value.to_string());
                }
            }
            bytes += text.len();
            file.write_all(text.as_bytes())?;
        }
        file.write_all(tail.as_bytes())?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Size;
    use sekisho_core::object::{Cluster, Pod};
    use sekisho_k8s::{Options, read_paths};

    /// What the reader makes of the files is what was to be written, but for where it stands.
    #[test]
    fn a_folder_reads_as_the_cluster_that_was_made() {
        let cluster = Realistic::new(Size::of(1_000));
        let mut made = Cluster::default();
        cluster.changes().for_each(|change| made.apply(change));
        let place = std::env::temp_dir().join(format!("sekisho-benches-test-{}", std::process::id()));
        for form in [Form::Kubectl, Form::Snapshot] {
            let written = folder(&cluster, form, &place).unwrap();
            let reading = read_paths(std::slice::from_ref(&place), &Options::default()).unwrap();
            fs::remove_dir_all(&place).unwrap();
            assert!(written.files >= 4 && written.bytes > 100_000, "{written:?}");
            let texts: Vec<_> = reading.diagnostics.iter().map(|found| &found.message).collect();
            assert!(texts.is_empty(), "{texts:?}");
            assert_eq!(reading.cluster.pods.len(), made.pods.len());
            for (uid, pod) in &made.pods {
                let mut read = Pod::clone(&reading.cluster.pods[uid]);
                read.origin = pod.origin.clone();
                assert_eq!(read, **pod);
            }
            let show = |cluster: &Cluster| {
                cluster
                    .policies
                    .values()
                    .map(|policy| super::super::policy::json(policy).to_string())
                    .collect::<Vec<_>>()
            };
            assert_eq!(show(&reading.cluster), show(&made));
        }
    }
}
