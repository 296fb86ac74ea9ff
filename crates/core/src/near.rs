//! What somebody meant who hit a wrong letter.
//!
//! There are two questions, with one measure. Of a name that there is not, the nearest that there is is worth a word of
//! advice: [`nearest`]. A name that may well be right is under suspicion only where nothing else explains it: [`slip`].

/// How many letters of a word may be wrong: none of a very short one, one of a short one, two of a long one.
fn allowed(letters: usize) -> usize {
    match letters {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    }
}

/// How many letters differ; two that changed places are one.
fn distance(one: &str, other: &str) -> usize {
    strsim::damerau_levenshtein(one, other)
}

/// The one of `known` that `written` was probably meant to be, where it is known to be none of them; the first of equals.
/// Case and signs do not count: `can_reach` and `canReach` are what people used to other files write.
pub fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |name: &str| -> String {
        name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let written = plain(written);
    let near = known.into_iter().filter_map(|name| {
        let name_plain = plain(name);
        let (here, there) = (written.chars().count(), name_plain.chars().count());
        let distance = distance(&written, &name_plain);
        // Of a word that lacks letters the whole one counts.
        (distance <= allowed(here.max(there))).then_some((distance, name))
    });
    near.min().map(|(_, name)| name)
}

/// The one of `known` that `written` may be a slip of; the first of equals.
pub fn slip<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let slips = known.into_iter().filter(|meant| is_slip(written, meant));
    slips.min_by_key(|meant| (distance(written, meant), *meant))
}

/// Whether `written` may be a slip of `meant`, and is not the same.
///
/// Stricter than [`nearest`], for `written` may be right: the shorter word counts, and siblings are none.
#[must_use]
pub fn is_slip(written: &str, meant: &str) -> bool {
    if written == meant || are_siblings(written, meant) {
        return false;
    }
    let letters = written.chars().count().min(meant.chars().count());
    distance(&written.to_lowercase(), &meant.to_lowercase()) <= allowed(letters)
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
            ("Trading", "trading", true),
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
        assert_eq!(slip("bbf", ["backend", "bff", "frontend"]), Some("bff"));
    }

    #[test]
    fn what_there_is_not_may_be_further_away() {
        for (written, known, meant) in [
            ("can_reach", &["cannot reach", "can reach"][..], Some("can reach")),
            ("too", &["from", "to"], Some("to")),
            ("PODSELECTOR", &["podSelector"], Some("podSelector")),
            ("team-c", &["team-b", "team-a"], Some("team-a")),
            ("walet/walet-backend", &["wallet/wallet-backend"], Some("wallet/wallet-backend")),
            ("x", &["to"], None),
            ("gateway", &["ledger", "wallet"], None),
        ] {
            assert_eq!(nearest(written, known.iter().copied()), meant, "{written}");
        }
    }
}
