//! Links, headings, commands and tables of the Markdown files.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What the checks want to know of a Markdown file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Targets of links and pictures, as written.
    pub links: Vec<String>,
    /// Level and text of each heading, in order.
    pub headings: Vec<(u8, String)>,
    /// The fenced code blocks, in order.
    pub code: Vec<String>,
}

impl Page {
    /// Reads a page.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<(u8, String)> = None;
        let mut code: Option<String> = None;
        for event in Parser::new(text) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Start(Tag::Heading { level, .. }) => heading = Some((level as u8, String::new())),
                Event::End(TagEnd::Heading(_)) => page.headings.extend(heading.take()),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => code = Some(String::new()),
                Event::End(TagEnd::CodeBlock) => page.code.extend(code.take()),
                Event::Text(text) | Event::Code(text) => {
                    let open = heading.as_mut().map(|(_, heading)| heading).or(code.as_mut());
                    if let Some(open) = open {
                        open.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The anchors that a link may name, as the usual viewers make them from headings.
    #[must_use]
    pub fn anchors(&self) -> BTreeSet<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut anchors = BTreeSet::new();
        for (_, heading) in &self.headings {
            let anchor = anchor(heading);
            let count = seen.entry(anchor.clone()).or_default();
            anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
            *count += 1;
        }
        anchors
    }
}

fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Links of `pages` that lead nowhere. Only links within the repository are looked at: a test must
/// not need the network. `exists` says whether a path of the repository is there.
#[must_use]
pub fn broken_links(pages: &BTreeMap<PathBuf, Page>, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, page) in pages {
        for link in page.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { resolve(path, file) };
            if !exists(&target) {
                complaints.push(format!("{}: no such file: `{link}`", path.display()));
            } else if !fragment.is_empty()
                && pages.get(&target).is_some_and(|page| !page.anchors().contains(fragment))
            {
                complaints.push(format!("{}: no such heading: `{link}`", path.display()));
            }
        }
    }
    complaints
}

/// The path that `link` on the page `from` leads to, without `.` and `..`.
fn resolve(from: &Path, link: &str) -> PathBuf {
    let mut path = from.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path
}

/// What a translation lacks or has too much: it has the same outline, and the same commands and
/// outputs, letter by letter.
#[must_use]
pub fn translation_gaps(original: &Page, translated: &Page) -> Vec<String> {
    let outline = |page: &Page| page.headings.iter().map(|(level, _)| *level).collect::<Vec<_>>();
    let mut complaints = Vec::new();
    if outline(original) != outline(translated) {
        let titles = |page: &Page| page.headings.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
        complaints.push(format!("the sections differ: {:?} and {:?}", titles(original), titles(translated)));
    }
    let missing = original.code.iter().filter(|code| !translated.code.contains(code));
    complaints.extend(missing.map(|code| format!("the translation lacks this block:\n{code}")));
    let extra = translated.code.iter().filter(|code| !original.code.contains(code));
    complaints.extend(extra.map(|code| format!("only the translation has this block:\n{code}")));
    complaints
}

/// Compares the first column of the table under the heading line `heading` with `names`.
#[must_use]
pub fn table_gaps(text: &str, heading: &str, names: &BTreeSet<String>) -> Vec<String> {
    let first_cell = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let section = text.lines().skip_while(|line| *line != heading).skip(1);
    let section = section.take_while(|line| !line.starts_with('#'));
    let listed: BTreeSet<String> = section.filter_map(first_cell).collect();
    let missing = names.difference(&listed).map(|name| format!("`{name}` has no line in the table"));
    let extra =
        listed.difference(names).map(|name| format!("`{name}` has a line in the table, and is not used"));
    missing.chain(extra).collect()
}

/// What is wrong with the numbers of `docs/semantics.md`: each of S1 to `last` has one entry, in order.
#[must_use]
pub fn numbering_gaps(text: &str, last: usize) -> Vec<String> {
    let entries = text.lines().filter_map(|line| line.strip_prefix("**S")?.split_once("**"));
    let found: Vec<String> = entries.map(|(number, _)| number.to_owned()).collect();
    let wanted: Vec<String> = (1..=last).map(|number| number.to_string()).collect();
    if found == wanted { Vec::new() } else { vec![format!("the entries are {found:?}")] }
}
