//! `sekisho lsp`.

use crate::{lsp, outcome::Outcome};

/// Serves an editor.
pub(crate) fn run() -> anyhow::Result<Outcome> {
    lsp::serve()?;
    Ok(Outcome::Holds)
}
