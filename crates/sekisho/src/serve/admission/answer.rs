//! What is told of a verdict, in the space that there is: the API server cuts a warning after 256 characters, and passes on
//! no more than 4,096 in all.

use super::judge::Told;

/// How many characters of a warning are shown.
const WARNING: usize = 256;
/// How many characters of all warnings are shown.
const WARNINGS: usize = 4_096;
/// How many findings a refusal names.
const NAMED: usize = 10;
/// What there has to be room for: how many are not shown.
const REST: usize = 64;

/// Why something is refused, for who applies it.
pub(super) fn refusal(told: &[&Told]) -> String {
    let count = told.len();
    let mut text = format!("sekisho refuses it for what it would bring ({})", several(count));
    for one in told.iter().take(NAMED) {
        text.push_str("\n  ");
        text.push_str(&one.words);
    }
    if count > NAMED {
        text.push_str(&format!("\n  and {} more", count - NAMED));
    }
    text
}

/// Warnings that the API server passes on whole, and how many there are besides.
pub(super) fn warnings(lines: &[String]) -> Vec<String> {
    let (mut shown, mut room) = (Vec::new(), WARNINGS - REST);
    for line in lines {
        let line = clipped(line);
        let length = line.chars().count();
        if length > room {
            break;
        }
        room -= length;
        shown.push(line);
    }
    let rest = lines.len() - shown.len();
    if rest > 0 {
        shown.push(format!("sekisho: {} not shown", several(rest)));
    }
    shown
}

fn several(count: usize) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

/// A line without what a header of HTTP cannot have, cut where it is too long.
fn clipped(line: &str) -> String {
    let line: String = line.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    if line.chars().count() <= WARNING {
        return line;
    }
    let cut: String = line.chars().take(WARNING - 3).collect();
    format!("{cut}...")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::diagnostic::Severity;

    #[test]
    fn warnings_have_their_room() {
        let lines: Vec<String> = (0..100).map(|at| format!("{at} {}", "ä".repeat(400))).collect();
        let shown = warnings(&lines);
        assert!(shown.iter().all(|line| line.chars().count() <= 256));
        assert!(shown.iter().map(|line| line.chars().count()).sum::<usize>() <= 4_096);
        assert_eq!(
            shown.last().unwrap(),
            &format!("sekisho: {} findings not shown", 100 - (shown.len() - 1))
        );
        assert_eq!(warnings(&["a\nb".to_owned()]), ["a b"]);
    }

    #[test]
    fn a_refusal_names_ten() {
        let one = Told { code: "SK1".into(), severity: Severity::Error, namespace: None, words: "w".into() };
        let many = vec![&one; 12];
        let text = refusal(&many);
        assert_eq!(text.lines().count(), 12, "{text}");
        assert!(text.ends_with("and 2 more"), "{text}");
    }
}
