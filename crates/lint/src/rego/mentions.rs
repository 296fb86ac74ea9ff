//! What rules look at of the facts: what is dear to make, and named by no rule, is not made.

use crate::facts::Wanted;

/// What the texts of rules may look at.
///
/// Every `input` must be followed by names that tell where it leads; whoever takes the whole document, or goes through
/// it by a variable, may look at everything.
pub(super) fn wanted<'t>(texts: impl Iterator<Item = &'t str>) -> Wanted {
    texts.flat_map(uses).fold(Wanted::nothing(), |all, one| match one {
        Use::Named("allows") => Wanted { allows: true, ..all },
        Use::Named("exposure") => Wanted { exposure: true, ..all },
        Use::Named(_) => all,
        Use::Whole => Wanted::everything(),
    })
}

/// What a text uses of `input`.
enum Use<'t> {
    /// This of what is known, or something of the object.
    Named(&'t str),
    /// All of it.
    Whole,
}

fn uses(text: &str) -> impl Iterator<Item = Use<'_>> {
    text.match_indices("input").filter_map(|(at, word)| {
        let (before, after) = (text.get(..at)?, text.get(at + word.len()..)?);
        let is_word = !before.ends_with(is_part) && !after.starts_with(is_part);
        is_word.then(|| used(before, after))
    })
}

fn is_part(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// What the text around an `input` makes of it.
fn used<'t>(before: &str, after: &'t str) -> Use<'t> {
    // `with input as document`: it is not looked at, but set.
    if before.trim_end().ends_with("with") && after.trim_start().starts_with("as") {
        return Use::Named("");
    }
    match field(after) {
        Some(("sekisho", rest)) => field(rest).map_or(Use::Whole, |(name, _)| Use::Named(name)),
        Some(_) => Use::Named(""),
        None => Use::Whole,
    }
}

/// The field that a text begins with, and what comes behind it.
fn field(text: &str) -> Option<(&str, &str)> {
    let name = text.strip_prefix('.')?;
    let end = name.find(|letter| !is_part(letter)).unwrap_or(name.len());
    name.split_at_checked(end).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_rule_names_is_not_made() {
        let nothing = Wanted::nothing();
        let all = Wanted::everything();
        for (text, expected) in [
            ("input.kind == \"NetworkPolicy\"", nothing),
            ("some rule in input.sekisho.rules.ingress", nothing),
            ("my_input[x]; inputs[y]", nothing),
            ("results with input as document", nothing),
            ("results with input.sekisho.allows as []", Wanted { allows: true, ..nothing }),
            ("count(input.sekisho.exposure) > 0", Wanted { exposure: true, ..nothing }),
            ("import input.sekisho.allows", Wanted { allows: true, ..nothing }),
            ("import input.sekisho", all),
            ("import input as document", all),
            ("walk(input)", all),
            ("input[\"sekisho\"].allows", all),
            ("input.sekisho[key]", all),
            ("object.get(input, path, 0)", all),
        ] {
            assert_eq!(wanted([text].into_iter()), expected, "{text}");
        }
    }
}
