//! The name that a person meant.

/// The one of `names` that `text` was probably meant to be.
#[must_use]
pub fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // `can_reach` and `canReach` are what people used to other files write.
    let plain = |name: &str| -> String {
        name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(text);
    names
        .map(|name| (strsim::damerau_levenshtein(&plain(name), &wanted), name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}
