//! Kubernetes manifests, YAML or JSON, to the objects of `sekisho-core`.
//!
//! A text goes through four hands: [`granit_parser`] makes events of it; `tree` makes of the events a
//! flat tree in which every value knows its place; `read` and `policy`, a file for each kind, make
//! objects of the tree; and `assemble` makes a [`Cluster`](sekisho_core::object::Cluster) of the objects
//! of all texts. Whatever is wrong on the way is a [`Diagnostic`] with its place, all of them in one
//! run, and what has errors is left out while the rest is read (S43).
//!
//! Limits, each with an error of its own: a text has at most [`MAX_BYTES`] bytes, a document at most
//! 16 million values that lie at most 128 deep in one another, and its aliases stand for at most a
//! million values. No input makes the reader recurse, so none makes the stack overflow.

mod comment;
pub mod edit;
pub mod emit;
pub mod expectation;
mod files;
#[cfg(feature = "live")]
pub mod live;
mod policy;
pub mod promise;
mod read;
mod reading;
mod render;
mod selector;
pub mod snapshot;
mod source;
pub mod syntax;
mod tree;
#[cfg(feature = "watch")]
pub mod watch;

use sekisho_core::diagnostic::{Diagnostic, Severity};

pub use comment::{Comment, comments};
pub use files::{MAX_BYTES, ReadError, is_manifest, is_read};
pub use reading::{Options, Reading, Shelf, read_all, read_over, read_paths, read_text, read_texts};
pub use render::render;
pub use selector::parse_selector;
