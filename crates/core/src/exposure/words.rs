//! Exposure in words.

use super::{Future, Opening, Place};
use crate::ways::addresses;
use std::{collections::BTreeSet, fmt, sync::Arc};

fn names(names: &BTreeSet<Arc<str>>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unprotected => f.write_str("everybody: no policy protects it"),
            Self::Internet(set) => f.write_str(&addresses(set)),
            Self::Cluster => f.write_str("entire cluster"),
            Self::Namespace(name) => write!(f, "all pods of `{name}`"),
            Self::Future(future) => future.fmt(f),
        }
    }
}

impl fmt::Display for Future {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = if self.pods.is_everything() {
            "any pod".to_owned()
        } else {
            format!("any pod with `{}`", self.pods)
        };
        match &self.place {
            Place::Namespaces(those) => write!(f, "{some} of {}", names(those))?,
            Place::Missing(those) => {
                write!(f, "{some} of {}, which is not there", names(those))?;
                return Ok(());
            }
            Place::Labelled(selector) if selector.is_everything() => write!(f, "{some} in any namespace")?,
            Place::Labelled(selector) => write!(f, "{some} in any namespace with `{selector}`")?,
        }
        f.write_str(if self.matches_today { ", also to come" } else { ", none today" })
    }
}
