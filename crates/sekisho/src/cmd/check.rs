//! `sekisho check`.

use crate::{
    args::CheckArgs,
    check::{
        Checked, Look, baseline,
        mend::{self, Mended},
        paths::Paths,
        scope::{Asked, Scope, agreed, scopes},
        settings::Settings,
        since,
    },
    emit, git,
    input::{self, built::Building},
    outcome::Outcome,
    output,
    render::{check as render, diff, unified},
    settings as catalog,
};
use anyhow::{Context, bail};
use sekisho_k8s::{Options, Reading, Shelf, edit::Sources};
use sekisho_lint::{config::Config, rego::Rules};
use std::{io::Write as _, path::PathBuf, sync::Arc};

/// Looks for what is wrong.
pub(crate) fn run(arguments: &CheckArgs) -> anyhow::Result<Outcome> {
    let team = catalog::read_near::<Config>(arguments.catalog.as_deref(), &arguments.input.paths)?;
    if !input::tell(&team.diagnostics, &team.sources, "the catalog")? {
        return Ok(Outcome::CouldNot);
    }
    if let Some(whom) = arguments.emit {
        let text = emit::emit(whom, &agreed(arguments.environment.as_deref(), &team)?)?;
        output::plain_to_stdout(|out| Ok(out.write_all(text.as_bytes())?))?;
        return Ok(Outcome::Holds);
    }
    let config = team.document.as_ref().and_then(|document| document.check.clone()).unwrap_or_default();
    let folders = config.rego.iter().map(|folder| team.folder.join(folder));
    let folders: Vec<PathBuf> = arguments.rego.iter().cloned().chain(folders).collect();
    let rules = match input::rego::optional(&folders)? {
        Ok(rules) => rules,
        Err(input::rego::Unreadable) => return Ok(Outcome::CouldNot),
    };
    let codes = rules.as_ref().map(Rules::codes).unwrap_or_default();
    let paths = Paths::new()?;
    let (mut runs, mut has_mends, mut file) = (Vec::new(), false, None);
    let asked = Asked {
        environment: arguments.environment.as_deref(),
        paths: &arguments.input.paths,
        is_live: arguments.input.how.cluster.access().is_some(),
    };
    for scope in scopes(&asked, &team)? {
        let place = (team.folder.as_path(), scope.environment.clone());
        let settings = Settings::of(config.clone(), place, arguments, &codes)?;
        let run = Run {
            arguments,
            scope: &scope,
            settings: &settings,
            own: &team.sources,
            paths: &paths,
            rules: rules.as_ref(),
        };
        let (checked, mends) = run.check()?;
        has_mends |= mends;
        file = settings.baseline().map(std::path::Path::to_owned);
        runs.push((scope.environment, checked));
    }
    if arguments.diff {
        return Ok(if has_mends { Outcome::DoesNotHold } else { Outcome::Holds });
    }
    let Some(mut checked) = Checked::join(runs) else { bail!("there is nothing to check") };
    input::rego::tell_prints(&checked.prints);
    if !input::tell(&checked.unanswered, &checked.sources, "the rules in Rego")? {
        return Ok(Outcome::CouldNot);
    }
    if arguments.write_baseline {
        return write_baseline(&checked, file.as_deref(), &paths);
    }
    if let Some(file) = &file {
        baseline::subtract(&mut checked, file, &paths)?;
    }
    render::write(&checked, &arguments.outputs.0, &paths)?;
    Ok(if checked.fails() { Outcome::DoesNotHold } else { Outcome::Holds })
}

fn write_baseline(
    checked: &Checked,
    file: Option<&std::path::Path>,
    paths: &Paths,
) -> anyhow::Result<Outcome> {
    let file = file.context(
        "where is the baseline to be written? give `--baseline FILE`, or `baseline` in sekisho.yaml",
    )?;
    baseline::write(checked, file, paths)?;
    let findings = render::several(checked.findings.len(), "finding");
    output::to_stdout(|out| Ok(writeln!(out, "wrote {findings} to `{}`", file.display())?))?;
    Ok(Outcome::Holds)
}

/// A look at one environment.
struct Run<'r> {
    arguments: &'r CheckArgs,
    scope: &'r Scope,
    settings: &'r Settings,
    /// The text of the catalog, of whose lines there may be something to say.
    own: &'r Sources,
    paths: &'r Paths,
    /// The team's own rules.
    rules: Option<&'r Rules>,
}

impl Run<'_> {
    /// What is found, when what is to be mended is mended; and whether there are mends that were only shown.
    fn check(&self) -> anyhow::Result<(Checked, bool)> {
        let how = &self.arguments.input.how;
        let mut checked = self.look().at(self.prepared(input::reading(&self.scope.paths, how)?));
        let mut has_mends = false;
        if self.arguments.fix || self.arguments.diff {
            // A round changes few of the texts.
            let mut shelf = Shelf::new(Options { default_namespace: how.namespace().into() });
            let mended = mend::mend(checked, self.arguments.unsafe_fixes, |sources| {
                let manifests = sources.iter().filter(|(name, _)| self.is_manifest(name));
                let texts = manifests.map(|(name, text)| (Arc::clone(name), Arc::clone(text)));
                self.look().at(self.prepared(shelf.read(&texts.collect())))
            })?;
            if self.arguments.diff {
                show(&mended)?;
                has_mends = !mended.texts.is_empty();
            } else {
                mend::write(&mended)?;
                tell(&mended)?;
            }
            checked = mended.left;
        }
        if let Some(revision) = &self.arguments.changed_since {
            let options = Options { default_namespace: how.namespace().into() };
            let building = Building { namespace: how.namespace(), values: &how.helm_values };
            let before = git::read_before(revision, &self.scope.paths, building, &options)?;
            since::subtract(&mut checked, revision, self.prepared(before), self.look())?;
        }
        Ok((checked, has_mends))
    }

    /// Whether a text is none of the team's own files, of whose lines there may only be something to say.
    fn is_manifest(&self, name: &Arc<str>) -> bool {
        !self.own.contains_key(name) && self.rules.is_none_or(|rules| !rules.sources().contains_key(name))
    }

    /// What was read, without the baseline and with the team's own files.
    fn prepared(&self, mut reading: Reading) -> Reading {
        if let Some(file) = self.settings.baseline() {
            baseline::leave_out(&mut reading, file, self.paths);
        }
        reading.sources.extend(self.own.iter().map(|(name, text)| (Arc::clone(name), Arc::clone(text))));
        reading
    }

    fn look(&self) -> Look<'_> {
        let Scope { standard, extent, .. } = self.scope;
        Look { standard, extent: *extent, own: self.rules, settings: Some(self.settings) }
    }
}

/// Shows what the mends would change, without changing it.
fn show(mended: &Mended) -> anyhow::Result<()> {
    output::to_stdout(|out| {
        for (name, [old, new]) in &mended.texts {
            unified::write(name, [Some(old), Some(new)], out)?;
        }
        Ok(())
    })?;
    tell(mended)
}

/// Tells how much the mends change, on standard error: standard output is for the answer.
fn tell(mended: &Mended) -> anyhow::Result<()> {
    let (files, count) = (mended.texts.len(), mended.count);
    if count == 0 {
        output::note("there is nothing to mend");
        return Ok(());
    }
    let (findings, files) = (render::several(count, "finding"), render::several(files, "file"));
    output::note(&format!("{findings} mended in {files}"));
    if mended.difference.is_empty() {
        output::note("no connection opens or closes");
        return Ok(());
    }
    let mut err = output::stderr();
    diff::table(&mended.difference, &mut err)?;
    writeln!(err)?;
    Ok(())
}
