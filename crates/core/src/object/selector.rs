//! Label selectors.

use super::Labels;
use std::{collections::BTreeSet, fmt, sync::Arc};

/// One condition on labels (S8).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requirement {
    /// The key is there with one of the values. `matchLabels` is this with one value.
    In(Arc<str>, BTreeSet<Arc<str>>),
    /// The key is missing, or its value is none of these.
    NotIn(Arc<str>, BTreeSet<Arc<str>>),
    /// The key is there.
    Exists(Arc<str>),
    /// The key is missing.
    DoesNotExist(Arc<str>),
}

impl Requirement {
    /// Whether `labels` meet the condition.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::In(key, values) => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn(key, values) => labels.get(key).is_none_or(|value| !values.contains(value)),
            Self::Exists(key) => labels.get(key).is_some(),
            Self::DoesNotExist(key) => labels.get(key).is_none(),
        }
    }

    /// The key that the condition is about.
    #[must_use]
    pub fn key(&self) -> &Arc<str> {
        match self {
            Self::In(key, _) | Self::NotIn(key, _) | Self::Exists(key) | Self::DoesNotExist(key) => key,
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |values: &BTreeSet<Arc<str>>| values.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
        match self {
            Self::In(key, values) if values.len() == 1 => write!(f, "{key}={}", list(values)),
            Self::In(key, values) => write!(f, "{key} in ({})", list(values)),
            Self::NotIn(key, values) => write!(f, "{key} notin ({})", list(values)),
            Self::Exists(key) => f.write_str(key),
            Self::DoesNotExist(key) => write!(f, "!{key}"),
        }
    }
}

/// A label selector: every requirement must hold (S8). Without one it matches all (S7).
///
/// INVARIANT: requirements are a sorted set, so selectors that differ only in the order or form in
/// which they were written (`matchLabels` or `In` with one value) are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelSelector {
    requirements: BTreeSet<Requirement>,
}

impl LabelSelector {
    /// The empty selector, which matches all (S7).
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether the selector is empty and so matches all (S7).
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether `labels` meet every requirement (S8).
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }

    /// The requirements, sorted.
    pub fn requirements(&self) -> impl ExactSizeIterator<Item = &Requirement> {
        self.requirements.iter()
    }
}

impl FromIterator<Requirement> for LabelSelector {
    fn from_iter<I: IntoIterator<Item = Requirement>>(iter: I) -> Self {
        Self { requirements: iter.into_iter().collect() }
    }
}

impl fmt::Display for LabelSelector {
    /// The selector as `kubectl --selector` takes it; `{}` for the empty one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return f.write_str("{}");
        }
        let terms: Vec<String> = self.requirements.iter().map(ToString::to_string).collect();
        f.write_str(&terms.join(","))
    }
}
