//! What `sekisho check` found, a file for each form.

mod fingerprint;
mod github;
mod gitlab;
mod human;
mod junit;
mod markdown;
mod mend;
mod sarif;
mod words;

pub(crate) use words::several;

use crate::{
    args::{CheckFormat, CheckOutput},
    check::{Checked, paths::Paths},
    output,
    render::json,
};
use std::io::Write;

/// Writes what was found to where it is wanted.
pub(crate) fn write(checked: &Checked, outputs: &[CheckOutput], paths: &Paths) -> anyhow::Result<()> {
    for CheckOutput { format, file } in outputs {
        let write = |out: &mut dyn Write| written(*format, checked, paths, out);
        match file {
            Some(file) => output::to_file(file, write)?,
            None if *format == CheckFormat::Human => output::to_stdout(write)?,
            None => output::plain_to_stdout(write)?,
        }
    }
    Ok(())
}

fn written(format: CheckFormat, checked: &Checked, paths: &Paths, out: &mut dyn Write) -> anyhow::Result<()> {
    match format {
        CheckFormat::Human => human::write(checked, out),
        CheckFormat::Json => json::check(checked, out),
        CheckFormat::Sarif => sarif::write(checked, paths, out),
        CheckFormat::Github => github::write(checked, paths, out),
        CheckFormat::Gitlab => gitlab::write(checked, paths, out),
        CheckFormat::Junit => junit::write(checked, paths, out),
        CheckFormat::Md => markdown::write(checked, paths, out),
    }
}
