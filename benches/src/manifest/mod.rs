//! Objects as manifests: as `kubectl` prints them, or with the fields alone that a verdict depends on.

mod object;
mod policy;
mod write;
mod yaml;

pub(crate) use object::json as object;
pub(crate) use write::{Form, Written, folder};

use sekisho_core::object::Change;

/// The text of a whole cluster, a document for each object, as `kubectl get -o yaml` prints one.
pub(crate) fn text(changes: impl IntoIterator<Item = Change>) -> String {
    let mut text = String::new();
    for value in changes.into_iter().filter_map(|change| object(&change, Form::Kubectl)) {
        text.push_str("---\n");
        yaml::block(&value, 0, &mut text);
    }
    text
}
