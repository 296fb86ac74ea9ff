//! `sekisho check`.

use crate::{
    args::CheckArgs,
    check::{self, Checked, baseline, paths::Paths, settings::Settings, since},
    input,
    outcome::Outcome,
    output,
    render::check as render,
};
use anyhow::Context;
use sekisho_core::standard::Standard;
use sekisho_lint::{Extent, config::Config};
use std::{collections::BTreeSet, path::Path};

/// Looks for what is wrong.
pub(crate) fn run(arguments: &CheckArgs) -> anyhow::Result<Outcome> {
    // The one place where the settings of the team come in.
    let settings = Settings::of(Config::default(), Path::new(""), arguments, &BTreeSet::new())?;
    let standard = Standard::default();
    let extent = if arguments.input.cluster.access().is_some() { Extent::Whole } else { Extent::Part };
    let paths = Paths::new()?;
    let mut reading = input::reading(&arguments.input.of(arguments.input.paths.clone()))?;
    if let Some(file) = settings.baseline() {
        baseline::leave_out(&mut reading, file, &paths);
    }
    let mut checked = check::look(reading, &standard, extent);
    settings.apply(&mut checked)?;
    if arguments.write_baseline {
        return write_baseline(&checked, &settings, &paths);
    }
    if let Some(file) = settings.baseline() {
        baseline::subtract(&mut checked, file, &paths)?;
    }
    if let Some(revision) = &arguments.changed_since {
        let input = (&arguments.input, arguments.input.paths.as_slice());
        since::subtract(&mut checked, revision, input, (&settings, &standard))?;
    }
    render::write(&checked, &arguments.outputs.0, &paths)?;
    Ok(if checked.fails() { Outcome::DoesNotHold } else { Outcome::Holds })
}

fn write_baseline(checked: &Checked, settings: &Settings, paths: &Paths) -> anyhow::Result<Outcome> {
    let file = settings.baseline().context(
        "where is the baseline to be written? give `--baseline FILE`, or `baseline` in sekisho.yaml",
    )?;
    baseline::write(checked, file, paths)?;
    let count = checked.findings.len();
    let findings = if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    output::to_stdout(|out| Ok(writeln!(out, "wrote {findings} to `{}`", file.display())?))?;
    Ok(Outcome::Holds)
}
