//! `sekisho check`.

use crate::{
    args::{CheckArgs, CheckFormat},
    check::{
        self, Checked,
        mend::{self, Mended},
    },
    input,
    outcome::Outcome,
    output,
    render::{check as render, diff, json, unified},
};
use sekisho_core::standard::Standard;
use sekisho_k8s::{Options, Reading, read_texts};
use sekisho_lint::Extent;
use std::io::Write as _;

/// Looks for what is wrong.
pub(crate) fn run(arguments: &CheckArgs) -> anyhow::Result<Outcome> {
    let extent = if arguments.input.cluster.access().is_some() { Extent::Whole } else { Extent::Part };
    let given = arguments.input.of(arguments.input.paths.clone());
    let look = |reading: Reading| check::look(reading, &Standard::default(), extent);
    let mut checked = look(input::reading(&given)?);
    if arguments.fix || arguments.diff {
        let options = Options { default_namespace: given.namespace().into() };
        let mended = mend::mend(checked, arguments.unsafe_fixes, |sources| {
            let texts = sources.iter().map(|(name, text)| (name, text.as_bytes()));
            look(read_texts(texts, &options))
        })?;
        if arguments.diff {
            return show(&mended);
        }
        mend::write(&mended)?;
        tell(&mended)?;
        checked = mended.left;
    }
    print(arguments, &checked)?;
    Ok(if checked.fails() { Outcome::DoesNotHold } else { Outcome::Holds })
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
fn show(mended: &Mended) -> anyhow::Result<Outcome> {
    output::to_stdout(|out| {
        for (name, [old, new]) in &mended.texts {
            unified::write(name, old, new, out)?;
        }
        Ok(())
    })?;
    tell(mended)?;
    Ok(if mended.texts.is_empty() { Outcome::Holds } else { Outcome::DoesNotHold })
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
