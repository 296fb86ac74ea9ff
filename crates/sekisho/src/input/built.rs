//! Folders whose files are not what is applied: Kustomize and Helm make the manifests of them. We let
//! their own programs do it, for nobody else knows what they would make.

use crate::args::InputArgs;
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

/// The paths that are read as they are, and the texts that the others are made into.
pub(super) fn all(arguments: &InputArgs) -> anyhow::Result<(Vec<PathBuf>, Vec<Text>)> {
    let (mut paths, mut texts): (Vec<PathBuf>, Vec<Text>) = (Vec::new(), Vec::new());
    for path in &arguments.paths {
        let (text, by) = if KUSTOMIZATIONS.iter().any(|name| path.join(name).is_file()) {
            (kustomize(path)?, "kustomize")
        } else if path.join(CHART).is_file() {
            (helm(path, arguments)?, "helm")
        } else {
            paths.push(path.clone());
            continue;
        };
        let name = format!("{} ({by})", path.display());
        if texts.iter().all(|(other, _)| *other != name) {
            texts.push((name, text));
        }
    }
    Ok((paths, texts))
}

fn kustomize(folder: &Path) -> anyhow::Result<Vec<u8>> {
    for (program, verb) in [("kustomize", "build"), ("kubectl", "kustomize")] {
        if let Some(text) = run(program, &[verb.into(), folder.into()])? {
            return Ok(text);
        }
    }
    bail!(
        "`{}` is a folder of Kustomize, and neither `kustomize` nor `kubectl` is installed: install one of \
         them, for the files alone are not what is applied",
        folder.display()
    )
}

fn helm(chart: &Path, arguments: &InputArgs) -> anyhow::Result<Vec<u8>> {
    let real = chart.canonicalize().with_context(|| format!("cannot read `{}`", chart.display()))?;
    let release = real.file_name().map_or_else(|| "release".into(), OsString::from);
    let mut words: Vec<OsString> = vec!["template".into(), release, chart.into()];
    words.extend(["--namespace".into(), arguments.namespace().into()]);
    for values in &arguments.helm_values {
        words.extend(["--values".into(), values.into()]);
    }
    match run("helm", &words)? {
        Some(text) => Ok(text),
        None => bail!(
            "`{}` is a chart of Helm, and `helm` is not installed: install it, for the templates alone are no \
             manifests",
            chart.display()
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
