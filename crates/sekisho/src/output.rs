//! Standard output and standard error.

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

/// What a person is to see as wrong or denied.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What a person is to see as right or allowed.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What a person may want to act on.
pub(crate) const NOTE: Style = AnsiColor::Yellow.on_default().bold();
/// What may be read over.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What is to be seen first.
pub(crate) const BOLD: Style = Style::new().bold();

/// Writes to standard output through a buffer; styles are taken out where it is no terminal or
/// `NO_COLOR` is set.
pub(crate) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    through(BufWriter::with_capacity(1 << 16, anstream::AutoStream::auto(io::stdout().lock())), write)
}

/// Writes to standard output as [`to_stdout`] does, but never a style: for programs, and large.
pub(crate) fn plain_to_stdout(
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    through(BufWriter::with_capacity(1 << 16, io::stdout().lock()), write)
}

/// Writes to a file, without styles.
pub(crate) fn to_file(
    file: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let made = File::create(file).with_context(|| format!("cannot write `{}`", file.display()))?;
    let mut out = BufWriter::new(anstream::StripStream::new(made));
    write(&mut out)
        .and_then(|()| Ok(out.flush()?))
        .with_context(|| format!("cannot write `{}`", file.display()))
}

/// Writes and flushes. A reader that went away has seen enough, and the exit status stays the answer's.
fn through(
    mut out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    match write(&mut out).and_then(|()| Ok(out.flush()?)) {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        result => result,
    }
}

/// Standard error; styles are taken out where it is no terminal or `NO_COLOR` is set.
pub(crate) fn stderr() -> impl Write {
    anstream::AutoStream::auto(io::stderr())
}

/// Whether the reader of the output went away.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

/// Tells of an error on standard error.
pub(crate) fn error(error: &anyhow::Error) {
    // Where even that cannot be written, the exit status has to do.
    let _ = writeln!(stderr(), "{BAD}error{BAD:#}: {error:#}");
}

/// Tells something beside the answer on standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(stderr(), "{NOTE}note{NOTE:#}: {text}");
}

/// Says what is being done, on standard error where a person watches it.
pub(crate) fn spinner(text: String) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(text);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// Says how much of something is done, on standard error where a person watches it.
pub(crate) fn bar(text: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(text);
    // INVARIANT: the template is well-formed; the bar of the library would do as well.
    match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// How many columns standard output has; without bounds where it is no terminal.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(usize::MAX, |(width, _)| width.0.into())
}
