//! Checks of the repository itself.
//!
//! Each check is a function from what it looks at to a list of complaints, empty when all is well,
//! so that its own tests can show it a violation. `tests/workspace.rs` runs them on this repository.

pub mod docs;
pub mod edges;
pub mod modules;

use cargo_metadata::{Metadata, MetadataCommand};
use std::path::{Path, PathBuf};

/// The root of this repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// What Cargo says of this workspace, for Linux alone: packages for other systems need not be there.
///
/// # Errors
/// When Cargo cannot say.
pub fn metadata() -> Result<Metadata, cargo_metadata::Error> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let options = ["--locked".to_owned(), "--filter-platform".to_owned(), platform];
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).other_options(options).exec()
}
