//! What somebody meant who hit a wrong letter.

/// How far two words may be from each other for one to be a slip of the other: a letter of a short word, two of a
/// long one.
fn reach(word: &str) -> usize {
    match word.chars().count() {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    }
}

/// Whether two words are siblings: they differ in a number, or in one part of a letter or two, as `v1` and `v2`,
/// `team-a` and `team-b`. Such words are chosen, not mistyped.
fn are_siblings(one: &str, other: &str) -> bool {
    let parts = |word: &str| word.split(['-', '.', '_', '/']).map(str::to_owned).collect::<Vec<String>>();
    let letters = |word: &str| word.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    let (a, b) = (parts(one), parts(other));
    let mut differing = a.iter().zip(&b).filter(|(a, b)| a != b);
    let in_one = match (differing.next(), differing.next()) {
        (Some((a, b)), None) => a.len() <= 2 && b.len() <= 2,
        _ => false,
    };
    letters(one) == letters(other) || (a.len() == b.len() && in_one) || are_opposites(one, other)
}

/// Whether two words differ in their first two letters alone, as `importer` and `exporter`, `internal` and `external`.
fn are_opposites(one: &str, other: &str) -> bool {
    let split = |word: &str| {
        let mut letters = word.chars();
        ([letters.next(), letters.next()], letters.collect::<String>())
    };
    let (([a, b], one), ([c, d], other)) = (split(one), split(other));
    one == other && a != c && b != d && (a, b) != (d, c)
}

/// Whether `written` is a slip of `meant`, and not the same.
pub(crate) fn is_slip(written: &str, meant: &str) -> bool {
    written != meant
        && !are_siblings(written, meant)
        && strsim::damerau_levenshtein(written, meant) <= reach(meant).min(reach(written))
}

/// The word among `known` that `written` was probably meant to be.
pub(crate) fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let slips = known.into_iter().filter(|meant| is_slip(written, meant));
    slips.min_by_key(|meant| (strsim::damerau_levenshtein(written, meant), *meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen() {
        for (written, meant, slipped) in [
            ("bbf", "bff", true),
            ("fb", "bf", false),
            ("tradnig", "trading", true),
            ("market-dat", "market-data", true),
            ("wallet", "ledger", false),
            ("bff", "bff", false),
            ("importer", "exporter", false),
            ("internal", "external", false),
            ("rtading", "trading", true),
            ("v1", "v2", false),
            ("wallet-v1", "wallet-v2", false),
            ("team-a", "team-b", false),
            ("kafka01", "kafka02", false),
            ("wallet-eu-bff", "wallet-us-bff", false),
            ("wallet-eu-bbf", "wallet-eu-bff", true),
        ] {
            assert_eq!(is_slip(written, meant), slipped, "{written} {meant}");
        }
        assert_eq!(nearest("bbf", ["backend", "bff", "frontend"]), Some("bff"));
    }
}
