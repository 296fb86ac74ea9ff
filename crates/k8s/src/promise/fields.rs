//! Fields that nobody knows.

use crate::{read::context::Context, tree::NodeId};
use sekisho_core::near::nearest;

/// Reports the keys of the mapping at `node` that are not among `fields`, and says whether there are
/// none.
pub(super) fn check(cx: &mut Context<'_>, node: NodeId, what: &str, fields: &[&str]) -> bool {
    let before = cx.errors();
    let tree = cx.tree;
    for (key, _) in tree.mapping(node).into_iter().flatten() {
        let name = tree.key_text(key);
        if fields.contains(&name) {
            continue;
        }
        let meant = nearest(name, fields.iter().copied()).or_else(|| containing(name, fields));
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("its fields are {}", quoted(fields)),
        };
        cx.error_help("unknown-field", key, format!("{what} has no field `{name}`"), help);
    }
    cx.errors() == before
}

/// The only one of `names` in which `text` is a word, as `on` in `on ports`.
fn containing<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    let mut there = names.iter().filter(|name| name.split(' ').any(|word| word == text));
    there.next().filter(|_| there.next().is_none()).copied()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
