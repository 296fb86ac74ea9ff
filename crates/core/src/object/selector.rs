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

    /// Whether all labels that meet this meet `other`.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        use Requirement::{DoesNotExist, Exists, In, NotIn};
        self.key() == other.key()
            && match (self, other) {
                (In(_, given), In(_, wanted)) => given.is_subset(wanted),
                (In(_, given), NotIn(_, wanted)) => given.is_disjoint(wanted),
                (NotIn(_, given), NotIn(_, wanted)) => wanted.is_subset(given),
                (In(..) | Exists(_), Exists(_)) | (DoesNotExist(_), NotIn(..) | DoesNotExist(_)) => true,
                (In(..), DoesNotExist(_))
                | (NotIn(..), In(..) | Exists(_) | DoesNotExist(_))
                | (Exists(_), In(..) | NotIn(..) | DoesNotExist(_))
                | (DoesNotExist(_), In(..) | Exists(_)) => false,
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
/// which they were written (`matchLabels` or `In` with one value) are equal. A clone costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelSelector {
    requirements: Arc<[Requirement]>,
}

impl LabelSelector {
    /// The empty selector, which matches all (S7).
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Whether nobody else has these very requirements.
    #[must_use]
    pub fn is_unshared(&self) -> bool {
        Arc::strong_count(&self.requirements) == 1
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

    /// The fewest labels that meet it; `None` where none do.
    #[must_use]
    pub fn fewest(&self) -> Option<Labels> {
        self.fewest_beside(Labels::new())
    }

    /// `labels`, and the fewest more with which they meet it; `None` where none do.
    #[must_use]
    pub fn fewest_beside(&self, mut labels: Labels) -> Option<Labels> {
        for key in self.requirements.iter().map(Requirement::key) {
            if labels.get(key).is_some() {
                continue;
            }
            let about: Vec<&Requirement> = self.requirements.iter().filter(|one| one.key() == key).collect();
            let meet = |labels: &Labels| about.iter().all(|one| one.matches(labels));
            if meet(&Labels::new()) {
                continue;
            }
            let listed = about.iter().find_map(|one| match one {
                Requirement::In(_, values) => Some(values.iter().cloned().collect()),
                _ => None,
            });
            // Some value: of as many as are forbidden and one more, one is not.
            let any = || (0..=forbidden(&about)).map(any_value).collect();
            let values: Vec<Arc<str>> = listed.unwrap_or_else(any);
            let fits = |value: &Arc<str>| meet(&[(Arc::clone(key), Arc::clone(value))].into_iter().collect());
            labels.set(Arc::clone(key), values.into_iter().find(fits)?);
        }
        self.matches(&labels).then_some(labels)
    }

    /// Whether all labels that meet this selector meet `other`. What holds only because several requirements
    /// together leave no other labels is not seen.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        other.requirements.iter().all(|wanted| self.requirements.iter().any(|given| given.implies(wanted)))
    }

    /// The selector of what both select.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.requirements.iter().chain(&*other.requirements).cloned().collect()
    }

    /// The requirements, sorted.
    pub fn requirements(&self) -> impl ExactSizeIterator<Item = &Requirement> {
        self.requirements.iter()
    }
}

/// How many values are forbidden.
fn forbidden(about: &[&Requirement]) -> usize {
    let count = |one: &&Requirement| match one {
        Requirement::NotIn(_, values) => values.len(),
        _ => 0,
    };
    about.iter().map(count).sum()
}

fn any_value(number: usize) -> Arc<str> {
    if number == 0 { "any".into() } else { format!("any-{number}").into() }
}

impl FromIterator<Requirement> for LabelSelector {
    fn from_iter<I: IntoIterator<Item = Requirement>>(iter: I) -> Self {
        let sorted: BTreeSet<Requirement> = iter.into_iter().collect();
        Self { requirements: sorted.into_iter().collect() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::policy;
    use proptest::prelude::*;

    fn selector(requirements: &[Requirement]) -> LabelSelector {
        requirements.iter().cloned().collect()
    }

    fn values(values: &[&str]) -> BTreeSet<Arc<str>> {
        values.iter().map(|value| Arc::from(*value)).collect()
    }

    #[test]
    fn the_fewest_labels_that_meet_a_selector() {
        let (is, is_not) = (
            |of: &[&str]| Requirement::In("a".into(), values(of)),
            |of: &[&str]| Requirement::NotIn("a".into(), values(of)),
        );
        let (exists, missing) = (Requirement::Exists("a".into()), Requirement::DoesNotExist("a".into()));
        for (requirements, expected) in [
            (vec![], Some(None)),
            (vec![missing.clone()], Some(None)),
            (vec![is_not(&["x"])], Some(None)),
            (vec![exists.clone()], Some(Some("any"))),
            (vec![exists.clone(), is_not(&["any", "any-1"])], Some(Some("any-2"))),
            (vec![exists.clone(), is(&["x", "y"]), is_not(&["x"])], Some(Some("y"))),
            (vec![is(&["x", "y"]), is(&["y", "z"])], Some(Some("y"))),
            (vec![is(&["x"]), is(&["y"])], None),
            (vec![exists, missing], None),
        ] {
            let found = selector(&requirements).fewest();
            let value = found.as_ref().map(|labels| labels.get("a"));
            assert_eq!(value, expected, "{requirements:?}");
        }
        let beside = selector(&[is(&["x", "y"])]).fewest_beside([("a", "y")].into_iter().collect());
        assert_eq!(beside.unwrap().get("a"), Some("y"));
        assert_eq!(selector(&[is(&["x"])]).fewest_beside([("a", "y")].into_iter().collect()), None);
    }

    #[test]
    fn selectors_imply_wider_ones() {
        let app = || Arc::<str>::from("app");
        let a = selector(&[Requirement::In(app(), values(&["a"]))]);
        let ab = selector(&[Requirement::In(app(), values(&["a", "b"]))]);
        let not_b = selector(&[Requirement::NotIn(app(), values(&["b"]))]);
        let none = selector(&[Requirement::DoesNotExist(app())]);
        let some = selector(&[Requirement::Exists(app())]);
        for (one, other) in
            [(&a, &ab), (&a, &not_b), (&a, &some), (&none, &not_b), (&a, &LabelSelector::everything())]
        {
            assert!(one.implies(other), "{one} {other}");
            assert!(!other.implies(one), "{other} {one}");
        }
        assert!(!none.implies(&some) && !ab.implies(&not_b));
    }

    proptest! {
        /// Whatever labels there are: what the narrower selector matches, the wider one does.
        #[test]
        fn implication_holds_for_all_labels(one in policy(), other in policy(), pod in crate::testing::pod()) {
            if one.subjects.implies(&other.subjects) && one.subjects.matches(&pod.labels) {
                prop_assert!(other.subjects.matches(&pod.labels), "{} {}", one.subjects, other.subjects);
            }
        }
    }
}
