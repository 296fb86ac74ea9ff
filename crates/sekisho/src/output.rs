//! Standard output and standard error.

use anstyle::{AnsiColor, Style};
use std::io::{self, BufWriter, Write};

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
    let mut out = BufWriter::with_capacity(1 << 16, anstream::AutoStream::auto(io::stdout().lock()));
    write(&mut out)?;
    out.flush()?;
    Ok(())
}

/// Writes to standard output as [`to_stdout`] does, but never a style: for programs, and large.
pub(crate) fn plain_to_stdout(
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out)?;
    out.flush()?;
    Ok(())
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
