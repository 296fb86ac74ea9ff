//! Where the parts of a JSON text are, so that what stands around them stays as it was written. The texts
//! have been read by `serde_json` before: what these functions do not find is not there.

use std::ops::Range;

/// Where the value of the member `name` of the object `text` is.
pub(super) fn member(text: &str, name: &str) -> Option<Range<usize>> {
    let mut at = opened(text, 0, b'{')?;
    loop {
        let key = value(text, at)?;
        let colon = blank(text, key.end);
        let found = value(text, colon + 1)?;
        if serde_json::from_str::<String>(text.get(key)?).ok()? == name {
            return Some(found);
        }
        at = next(text, found.end)?;
    }
}

/// Where the elements of the array at `start` of `text` are.
pub(super) fn elements(text: &str, start: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = opened(text, start, b'[');
    while let Some(element) = at.and_then(|at| value(text, at)) {
        at = next(text, element.end);
        found.push(element);
    }
    found
}

fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// The first place from `at` on that is not blank.
fn blank(text: &str, mut at: usize) -> usize {
    while byte(text, at).is_some_and(|byte| byte.is_ascii_whitespace()) {
        at += 1;
    }
    at
}

/// What is behind the bracket that opens there.
fn opened(text: &str, at: usize, bracket: u8) -> Option<usize> {
    let at = blank(text, at);
    (byte(text, at)? == bracket).then_some(at + 1)
}

/// What is behind the comma that follows.
fn next(text: &str, at: usize) -> Option<usize> {
    opened(text, at, b',')
}

/// The value that begins at the first place from `at` on that is not blank.
fn value(text: &str, at: usize) -> Option<Range<usize>> {
    let start = blank(text, at);
    let mut at = start;
    let mut depth = 0_usize;
    loop {
        match byte(text, at)? {
            b'"' => at = string(text, at)?,
            b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
            // A bracket that closes what is around: there is no value, or it ended before.
            b'}' | b']' if depth == 0 => return (start < at).then_some(start..at),
            b'}' | b']' => (depth, at) = (depth - 1, at + 1),
            _ if depth > 0 => at += 1,
            byte if byte == b',' || byte == b':' || byte.is_ascii_whitespace() => return Some(start..at),
            _ => at = scalar(text, at),
        }
        if depth == 0 {
            return Some(start..at);
        }
    }
}

/// The end of the string that begins at `at`.
fn string(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += 1;
        match byte(text, at)? {
            b'\\' => at += 1,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
}

/// The end of the number or word that begins at `at`.
fn scalar(text: &str, mut at: usize) -> usize {
    while byte(text, at)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
    {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_as_they_are_written() {
        let text = r#" { "a\"}" : "\\", "b":[ 1 ,{"b":[2]}, "]" ] ,"c":-1.5e+3}"#;
        let found = |name| member(text, name).map(|found| &text[found]);
        assert_eq!(found("a\"}"), Some(r#""\\""#));
        assert_eq!(found("b"), Some(r#"[ 1 ,{"b":[2]}, "]" ]"#));
        assert_eq!(found("c"), Some("-1.5e+3"));
        assert_eq!(found("d"), None);
        let start = member(text, "b").unwrap().start;
        let elements: Vec<&str> = elements(text, start).into_iter().map(|found| &text[found]).collect();
        assert_eq!(elements, ["1", r#"{"b":[2]}"#, r#""]""#]);
    }

    #[test]
    fn a_name_may_be_written_otherwise() {
        let text = r#"{"plug\u0069ns": []}"#;
        assert_eq!(member(text, "plugins").map(|found| &text[found]), Some("[]"));
        assert!(elements(text, member(text, "plugins").unwrap().start).is_empty());
    }

    #[test]
    fn what_is_no_json_ends() {
        for text in
            ["", "{", "{\"a", "{\"a\\", "{\"a\":", "[1", "{]", "{}", "{,}", "{\"a\"}", "{:::", "\u{e9}"]
        {
            assert_eq!(member(text, "b"), None, "{text}");
            elements(text, 0);
        }
    }
}
