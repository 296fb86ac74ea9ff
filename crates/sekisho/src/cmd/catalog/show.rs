//! `sekisho catalog show`.

use crate::{args::CatalogShowArgs, input, outcome::Outcome, output, settings};
use sekisho_catalog::{
    BUILTIN,
    document::{Document, Ignored},
    whole,
};

/// Prints what holds.
pub(crate) fn run(arguments: &CatalogShowArgs) -> anyhow::Result<Outcome> {
    if arguments.builtin {
        output::plain_to_stdout(|out| Ok(out.write_all(BUILTIN.as_bytes())?))?;
        return Ok(Outcome::Holds);
    }
    let settings = settings::read::<Ignored>(arguments.catalog.as_deref())?;
    if !input::tell(&settings.diagnostics, &settings.sources, "the catalog")? {
        return Ok(Outcome::CouldNot);
    }
    let holds = whole(&settings.document.unwrap_or_else(Document::default));
    output::plain_to_stdout(|out| Ok(out.write_all(holds.to_text().as_bytes())?))?;
    Ok(Outcome::Holds)
}
