//! `sekisho check`.

use crate::{
    args::{CheckArgs, CheckFormat},
    check::{
        self, Checked,
        mend::{self, Mended},
        scope::{Scope, scopes},
    },
    input,
    outcome::Outcome,
    output,
    render::{check as render, diff, json, unified},
    settings,
};
use sekisho_catalog::document::Ignored;
use sekisho_k8s::{Options, Reading, edit::Sources, read_texts};
use std::{io::Write as _, sync::Arc};

/// Looks for what is wrong.
pub(crate) fn run(arguments: &CheckArgs) -> anyhow::Result<Outcome> {
    let settings = settings::read::<Ignored>(arguments.catalog.as_deref())?;
    if !input::tell(&settings.diagnostics, &settings.sources, "the catalog")? {
        return Ok(Outcome::CouldNot);
    }
    let mut runs = Vec::new();
    let mut is_unmended = false;
    for scope in scopes(arguments, &settings)? {
        let (checked, has_mends) = check_one(arguments, &scope, &settings.sources)?;
        is_unmended |= has_mends;
        runs.push((scope.environment, checked));
    }
    if arguments.diff {
        return Ok(if is_unmended { Outcome::DoesNotHold } else { Outcome::Holds });
    }
    let checked = Checked::join(runs);
    print(arguments, &checked)?;
    Ok(if checked.fails() { Outcome::DoesNotHold } else { Outcome::Holds })
}

/// Looks at one environment, and mends what is to be mended. Says also whether there are mends that were only shown.
fn check_one(arguments: &CheckArgs, scope: &Scope, own: &Sources) -> anyhow::Result<(Checked, bool)> {
    let given = arguments.input.of(scope.paths.clone());
    let look = |mut reading: Reading| {
        // Of the catalog's own lines there may be something to say.
        reading.sources.extend(own.iter().map(|(name, text)| (Arc::clone(name), Arc::clone(text))));
        check::look(reading, &scope.standard, scope.extent)
    };
    let mut checked = look(input::reading(&given)?);
    let mut has_mends = false;
    if arguments.fix || arguments.diff {
        let options = Options { default_namespace: given.namespace().into() };
        let mended = mend::mend(checked, arguments.unsafe_fixes, |sources| {
            let manifests = sources.iter().filter(|(name, _)| !own.contains_key(*name));
            let texts = manifests.map(|(name, text)| (name, text.as_bytes()));
            look(read_texts(texts, &options))
        })?;
        if arguments.diff {
            show(&mended)?;
            has_mends = !mended.texts.is_empty();
        } else {
            mend::write(&mended)?;
            tell(&mended)?;
        }
        checked = mended.left;
    }
    Ok((checked, has_mends))
}

fn print(arguments: &CheckArgs, checked: &Checked) -> anyhow::Result<()> {
    let formats =
        if arguments.format.is_empty() { vec![CheckFormat::Human] } else { arguments.format.clone() };
    for format in formats {
        match format {
            CheckFormat::Human => output::to_stdout(|out| render::human::write(checked, out))?,
            CheckFormat::Json => output::plain_to_stdout(|out| json::check(checked, out))?,
        }
    }
    Ok(())
}

/// Shows what the mends would change, without changing it.
fn show(mended: &Mended) -> anyhow::Result<()> {
    output::to_stdout(|out| {
        for (name, [old, new]) in &mended.texts {
            unified::write(name, old, new, out)?;
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
    let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
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
