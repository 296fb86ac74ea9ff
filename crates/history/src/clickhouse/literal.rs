//! Values in questions and addresses.

use std::fmt::Write;

/// A string as a literal of SQL.
pub(super) fn string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Several, with commas between them.
pub(super) fn strings(texts: &[String]) -> String {
    texts.iter().map(|text| string(text)).collect::<Vec<_>>().join(", ")
}

/// So many hundredths, one at most.
pub(super) fn hundredths(number: u64) -> String {
    if number >= 100 { "1".to_owned() } else { format!("0.{number:02}") }
}

/// A string as a part of an address: everything but letters, digits, `-`, `.`, `_` and `~` by its bytes (RFC 3986).
pub(super) fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut to, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(to, "%{byte:02X}");
        }
        to
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_literal_is_escaped() {
        assert_eq!(string(r"it's \ so"), r"'it\'s \\ so'");
        assert_eq!(strings(&["a".into(), "b'".into()]), r"'a', 'b\''");
        assert_eq!([hundredths(3), hundredths(50), hundredths(101)], ["0.03", "0.50", "1"]);
        assert_eq!(percent("a b/ä"), "a%20b%2F%C3%A4");
    }
}
