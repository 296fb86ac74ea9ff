//! Texts as scalars: plain where every reader takes them for the same text, in quotes otherwise.

use std::fmt::Write;

/// Words that some reader of YAML takes for a truth value, or for nothing.
const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan"];

/// `text` as it stands in a document, in a list in brackets too.
pub(super) fn quote(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { in_quotes(text) }
}

fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_./-".contains(letter);
    // What begins with a digit may be a number or a day: not with a slash, as blocks of addresses have one.
    if first.is_ascii_digit() {
        return text.contains('/') && text.chars().all(is_word);
    }
    let is_safe = |letter: char| is_word(letter) || " '()".contains(letter);
    first.is_ascii_alphabetic()
        && text.chars().all(is_safe)
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

fn in_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // A writer of strings does not fail.
            letter if needs_escape(letter) => drop(write!(quoted, "\\U{:08X}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// What YAML does not print, or takes for the end of a line.
fn needs_escape(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_where_nobody_takes_it_for_something_else() {
        for (text, written) in [
            ("web", "web"),
            ("app.kubernetes.io/name", "app.kubernetes.io/name"),
            ("35.191.0.0/16", "35.191.0.0/16"),
            ("the cluster's DNS", "the cluster's DNS"),
            ("", "\"\""),
            ("8080", "\"8080\""),
            ("1e3", "\"1e3\""),
            ("2027-03-31", "\"2027-03-31\""),
            ("Yes", "\"Yes\""),
            ("null", "\"null\""),
            ("fd00::/8", "\"fd00::/8\""),
            ("- a", "\"- a\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("a, b", "\"a, b\""),
            ("say \"it\"\n\\", "\"say \\\"it\\\"\\n\\\\\""),
            ("a\u{7}", "\"a\\U00000007\""),
        ] {
            assert_eq!(quote(text), written);
        }
    }
}
