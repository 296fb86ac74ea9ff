//! Folders whose files are not what is applied: Kustomize and Helm make the manifests of them. We let
//! their own programs do it, for nobody else knows what they would make.

use anyhow::{Context, bail};
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// What Kustomize takes for the description of a folder.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// What Helm does.
const CHART: &str = "Chart.yaml";

/// A text with its name.
type Text = (String, Vec<u8>);

/// What charts are built with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Building<'a> {
    /// The namespace.
    pub(crate) namespace: &'a str,
    /// Files of values.
    pub(crate) values: &'a [PathBuf],
}

/// The paths that are read as they are, and the texts that the others are made into.
pub(crate) fn all(given: &[PathBuf], building: Building<'_>) -> anyhow::Result<(Vec<PathBuf>, Vec<Text>)> {
    let (mut paths, mut texts): (Vec<PathBuf>, Vec<Text>) = (Vec::new(), Vec::new());
    for path in given {
        match one(path, &path.display().to_string(), building)? {
            None => paths.push(path.clone()),
            Some(text) if texts.iter().all(|(other, _)| *other != text.0) => texts.push(text),
            Some(_) => {}
        }
    }
    Ok((paths, texts))
}

/// What the folder at `path`, which people call `name`, is made into; `None` where its files are read as
/// they are.
pub(crate) fn one(path: &Path, name: &str, building: Building<'_>) -> anyhow::Result<Option<Text>> {
    if KUSTOMIZATIONS.iter().any(|file| path.join(file).is_file()) {
        return Ok(Some((format!("{name} (kustomize)"), kustomize(path, name)?)));
    }
    if path.join(CHART).is_file() {
        return Ok(Some((format!("{name} (helm)"), helm(path, name, building)?)));
    }
    Ok(None)
}

/// The files of a folder that say it is built.
pub(crate) fn signs(folder: &Path) -> impl Iterator<Item = PathBuf> {
    KUSTOMIZATIONS.iter().chain(&[CHART]).map(|file| folder.join(file))
}

fn kustomize(folder: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    for (program, verb) in [("kustomize", "build"), ("kubectl", "kustomize")] {
        if let Some(text) = run(program, &[verb.into(), folder.into()])? {
            return Ok(text);
        }
    }
    bail!(
        "`{name}` is a folder of Kustomize, and neither `kustomize` nor `kubectl` is installed: install one of \
         them, for the files alone are not what is applied"
    )
}

fn helm(chart: &Path, name: &str, building: Building<'_>) -> anyhow::Result<Vec<u8>> {
    let real = chart.canonicalize().with_context(|| format!("cannot read `{name}`"))?;
    let release = real.file_name().map_or_else(|| "release".into(), OsString::from);
    let mut words: Vec<OsString> = vec!["template".into(), release, chart.into()];
    words.extend(["--namespace".into(), building.namespace.into()]);
    for values in building.values {
        words.extend(["--values".into(), values.into()]);
    }
    match run("helm", &words)? {
        Some(text) => Ok(text),
        None => bail!(
            "`{name}` is a chart of Helm, and `helm` is not installed: install it, for the templates alone are no \
             manifests"
        ),
    }
}

/// What the program prints. `None` where it is not installed.
fn run(program: &str, words: &[OsString]) -> anyhow::Result<Option<Vec<u8>>> {
    let said = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let output = match Command::new(program).args(words).stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot run `{program}`")),
    };
    let Output { status, stdout, stderr } = output;
    if !status.success() {
        let why = String::from_utf8_lossy(&stderr);
        bail!("`{program} {said}` failed:\n{}", why.trim_end());
    }
    Ok(Some(stdout))
}
