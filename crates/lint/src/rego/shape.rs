//! What must not come near the parser: regorus takes twice the time for each bracket that lies in another, and its
//! stack for each parenthesis.

/// How deep brackets and braces may lie in one another.
const BRACKETS: usize = 16;
/// How deep parentheses may.
const PARENTHESES: usize = 64;

/// The offset of the first bracket that lies too deep.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    let (mut brackets, mut parentheses) = (0_usize, 0_usize);
    for (at, byte) in code(text) {
        match byte {
            b'[' | b'{' => brackets += 1,
            b']' | b'}' => brackets = brackets.saturating_sub(1),
            b'(' => parentheses += 1,
            b')' => parentheses = parentheses.saturating_sub(1),
            _ => {}
        }
        if brackets > BRACKETS || parentheses > PARENTHESES {
            return Some(at);
        }
    }
    None
}

/// Whether a word stands in the rules themselves: not in a string, nor in a comment.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let code: Vec<u8> = code(text).map(|(_, byte)| byte).collect();
    code.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').any(|one| one == word.as_bytes())
}

/// What of a text is no string and no comment, with its offsets. Of each string its end is left, to part what
/// stands beside it.
fn code(text: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut bytes = text.bytes().enumerate();
    std::iter::from_fn(move || {
        let (at, byte) = bytes.next()?;
        match byte {
            b'#' => bytes.find(|(_, byte)| *byte == b'\n'),
            b'`' => bytes.find(|(_, byte)| *byte == b'`'),
            b'"' => loop {
                match bytes.next()? {
                    (_, b'\\') => drop(bytes.next()),
                    end @ (_, b'"' | b'\n') => break Some(end),
                    _ => {}
                }
            },
            _ => Some((at, byte)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_do_not_count() {
        let many = "[".repeat(BRACKETS);
        for (text, expected) in [
            (many.clone(), None),
            (format!("{many}["), Some(BRACKETS)),
            (format!("x := \"{many}[\""), None),
            (format!("x := `{many}[`"), None),
            (format!("# {many}[\n[1]"), None),
            (format!("x := \"\\\"{many}[\""), None),
            ("[]".repeat(100), None),
            ("(".repeat(100), Some(PARENTHESES)),
        ] {
            assert_eq!(too_deep(&text), expected, "{text}");
        }
        assert!(has_word("deny contains x if {}", "if"));
        assert!(!has_word("deny[\"if so\"] { `if` == x } # if", "if"));
    }
}
