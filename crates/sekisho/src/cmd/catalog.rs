//! `sekisho catalog`.

mod import;
mod show;

use crate::{
    args::{CatalogArgs, CatalogVerb},
    outcome::Outcome,
};

/// Shows a catalog, or makes one.
pub(crate) fn run(arguments: &CatalogArgs) -> anyhow::Result<Outcome> {
    match &arguments.verb {
        CatalogVerb::Show(arguments) => show::run(arguments),
        CatalogVerb::Import(arguments) => import::run(arguments),
    }
}
