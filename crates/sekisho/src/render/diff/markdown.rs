//! A difference as a comment on a pull request: Markdown as GitHub reads it.

use super::words;
use crate::render::markdown::escape;
use sekisho_core::{
    diff::{Arrivals, Cause, ConnectionChange, Difference, Risk},
    reach::Connection,
};
use std::io::Write;

/// By this line a bot finds its comment again.
const MARK: &str = "<!-- sekisho diff -->";
/// GitHub refuses a comment of more than 65,536 characters; some are left for what is around the rows.
const CHARACTERS: usize = 60_000;
/// How many rows of a section are seen before it is unfolded.
const UNFOLDED: usize = 10;
/// How many causes of a change are told.
const CAUSES: usize = 4;

/// Some rows below a title.
struct Section {
    title: String,
    head: &'static str,
    rows: Vec<String>,
}

/// Writes what differs, the riskiest first, as much of it as a comment holds.
pub(crate) fn write(difference: &Difference, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut page = format!("{MARK}\n### NetworkPolicy: {}\n", escape(&words::summary(difference)));
    let mut left = CHARACTERS.saturating_sub(page.chars().count());
    let mut cut = 0;
    for section in sections(difference) {
        cut += section.write(&mut left, &mut page);
    }
    if cut > 0 {
        let rows = if cut == 1 { "1 row more does".to_owned() } else { format!("{cut} rows more do") };
        page += &format!("\n**{rows} not fit into a comment**: `sekisho diff` prints all of them.\n");
    }
    out.write_all(page.as_bytes())?;
    Ok(())
}

fn sections(difference: &Difference) -> Vec<Section> {
    let mut sections = Vec::new();
    for risk in Risk::ALL {
        let changes = difference.changes.iter().filter(|change| change.risk == risk);
        let mut title = risk.to_string();
        title.get_mut(..1).map(str::make_ascii_uppercase);
        sections.push(Section {
            title,
            head: "| | From | To | Ports | Because |\n|---|---|---|---|---|\n",
            rows: changes.map(change).collect(),
        });
    }
    sections.push(Section {
        title: "Protection".to_owned(),
        head: "| | |\n|---|---|\n",
        rows: difference
            .protection
            .iter()
            .map(|protection| {
                let sign = if protection.is_gained { "gained" } else { "**lost**" };
                format!("| {sign} | {} |\n", escape(&words::protection(protection)))
            })
            .collect(),
    });
    sections.push(arrivals("Came", &difference.came));
    sections.push(arrivals("Went", &difference.went));
    sections.retain(|section| !section.rows.is_empty());
    sections
}

fn change(change: &ConnectionChange) -> String {
    let cells = [words::name(&change.from), words::name(&change.to), words::ports(change)];
    let [from, to, ports] = cells.map(|cell| escape(&cell));
    let mut because: Vec<String> = change.causes.iter().take(CAUSES).map(cause).collect();
    if let Some(more) = change.causes.len().checked_sub(CAUSES).filter(|more| *more > 0) {
        because.push(format!("and {more} more"));
    }
    let word = words::kind(change);
    format!("| {word} | {from} | {to} | {ports} | {} |\n", because.join("<br>"))
}

fn cause(cause: &Cause) -> String {
    let words = escape(&words::cause(cause));
    match cause.origin.is_known() {
        true => format!("{words} <sub>{}</sub>", escape(&cause.origin.to_string())),
        false => words,
    }
}

fn arrivals(word: &str, arrivals: &Arrivals) -> Section {
    let row = |connection: &Connection| {
        let cells = [words::name(&connection.from), words::name(&connection.to), words::allowed(connection)];
        let [from, to, ports] = cells.map(|cell| escape(&cell));
        format!("| {from} | {to} | {ports} |\n")
    };
    let names = words::workloads(arrivals);
    let mut title =
        format!("{word}: {}", names.iter().take(UNFOLDED).cloned().collect::<Vec<_>>().join(", "));
    if let Some(more) = names.len().checked_sub(UNFOLDED).filter(|more| *more > 0) {
        title += &format!(", and {more} more");
    }
    let mut rows: Vec<String> = arrivals.connections.iter().map(row).collect();
    if rows.is_empty() && !names.is_empty() {
        rows.push("| | | no connection |\n".to_owned());
    }
    Section { title, head: "| From | To | Ports |\n|---|---|---|\n", rows }
}

impl Section {
    /// Writes the rows for which there is room. Gives how many there is none for.
    fn write(&self, left: &mut usize, page: &mut String) -> usize {
        let title = format!("\n#### {}\n\n{}", escape(&self.title), self.head);
        let fold = format!("\n<details><summary>{} more</summary>\n\n{}", self.rows.len(), self.head);
        let around = title.chars().count() + fold.chars().count() + "\n</details>\n".len();
        let Some(mut room) = left.checked_sub(around) else { return self.rows.len() };
        let mut fitting = 0;
        for row in &self.rows {
            let Some(rest) = room.checked_sub(row.chars().count()) else { break };
            room = rest;
            fitting += 1;
        }
        if fitting == 0 {
            return self.rows.len();
        }
        *left = room;
        *page += &title;
        for (at, row) in self.rows.iter().take(fitting).enumerate() {
            if at == UNFOLDED {
                let more = fitting - UNFOLDED;
                *page += &format!("\n<details><summary>{more} more</summary>\n\n{}", self.head);
            }
            *page += row;
        }
        if fitting > UNFOLDED {
            *page += "\n</details>\n";
        }
        self.rows.len() - fitting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_read_as_markdown() {
        assert_eq!(escape("a|b <img> *c* @d\n`e`"), "a\\|b &lt;img&gt; \\*c\\* &#64;d &#96;e&#96;");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let rows = vec!["| a |\n".to_owned(); 20_000];
        let section = Section { title: "Opened".to_owned(), head: "| |\n|---|\n", rows };
        let (mut left, mut page) = (CHARACTERS, String::new());
        let cut = section.write(&mut left, &mut page);
        assert!(page.chars().count() <= CHARACTERS);
        assert_eq!(page.matches("| a |").count() + cut, 20_000);
        assert!(page.contains("<details>") && page.ends_with("</details>\n"));
        assert!(cut > 0);
    }
}
