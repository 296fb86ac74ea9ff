//! `sekisho lab run`.

use crate::{
    args::LabInputArgs,
    outcome::Outcome,
    output,
    output::{BAD, GOOD},
};
use indicatif::ProgressBar;
use sekisho_lab::{Progress, Report, draw};
use std::io::Write;

/// How many differences are told of one by one.
const DIFFERENCES: usize = 20;

/// Probes everything and compares with the core.
pub(crate) fn run(arguments: &LabInputArgs) -> anyhow::Result<Outcome> {
    let Some(lab) = super::build(arguments)? else { return Ok(Outcome::CouldNot) };
    let mut bar = Bar(output::bar("probing"));
    let report = lab.run(&mut bar)?;
    bar.0.finish_and_clear();
    output::to_stdout(|out| show(&report, out))?;
    Ok(if report.agrees() { Outcome::Holds } else { Outcome::DoesNotHold })
}

struct Bar(ProgressBar);

impl Progress for Bar {
    fn probed(&mut self, done: usize, all: usize) {
        // A count of probes fits.
        self.0.set_length(u64::try_from(all).unwrap_or(u64::MAX));
        self.0.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }
}

fn show(report: &Report, out: &mut dyn Write) -> anyhow::Result<()> {
    // Colours are taken out behind this where they are not wanted.
    write!(out, "{}", draw(&report.matrix(), true, output::width()))?;
    let differences: Vec<String> = report.differences().map(|outcome| report.describe(outcome)).collect();
    for difference in differences.iter().take(DIFFERENCES) {
        writeln!(out, "{BAD}DIFFER{BAD:#}  {difference}")?;
    }
    if let Some(more) = differences.len().checked_sub(DIFFERENCES).filter(|more| *more > 0) {
        writeln!(out, "{BAD}DIFFER{BAD:#}  and {more} more")?;
    }
    let style = if report.agrees() { GOOD } else { BAD };
    writeln!(out, "\n{style}{}{style:#}", report.summary())?;
    Ok(())
}
