//! Files of one package, as one text.
//!
//! regorus forgets, under `with`, what rules of a package in another file come to: a test would fail, or pass, for no
//! reason that anybody can see. So the files of a package are given to it as one, line by line, and what it says of a
//! line is told of the file that the line came from.

use super::module::Module;
use std::{collections::BTreeMap, sync::Arc};

/// Texts that were joined: what each is called, and where each file begins in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Joined(BTreeMap<String, Vec<(u32, Arc<str>)>>);

/// A file that was parsed.
pub(super) struct Parsed {
    pub(super) name: Arc<str>,
    pub(super) text: Arc<str>,
    /// Whether it is of the old form.
    pub(super) is_old: bool,
    pub(super) module: Module,
}

/// A text for regorus: its name, the text, and whether it is of the old form.
pub(super) type Given = (String, String, bool);

impl Joined {
    /// The texts that regorus is given for `files`.
    pub(super) fn of(files: &[Parsed]) -> (Self, Vec<Given>) {
        let mut groups: BTreeMap<(&[String], bool), Vec<&Parsed>> = BTreeMap::new();
        for file in files {
            groups.entry((&file.module.package, file.is_old)).or_default().push(file);
        }
        let (mut joined, mut given) = (Self::default(), Vec::new());
        for ((package, is_old), files) in groups {
            match files.as_slice() {
                several @ [_, _, ..] if agree(several) => {
                    let name = format!("package {}", package.join("."));
                    let (text, starts) = join(several);
                    joined.0.insert(name.clone(), starts);
                    given.push((name, text, is_old));
                }
                each => {
                    given.extend(each.iter().map(|one| (one.name.to_string(), one.text.to_string(), is_old)));
                }
            }
        }
        (joined, given)
    }

    /// The file that a line of a text came from, and which of its lines it is.
    pub(super) fn line(&self, name: &str, line: u32) -> Option<(&Arc<str>, u32)> {
        let starts = self.0.get(name)?;
        let (start, file) = starts.iter().rev().find(|(start, _)| *start <= line).or(starts.first())?;
        Some((file, line.saturating_sub(*start) + 1))
    }

    /// A line that was printed, `name:line: text`, with the name of its file.
    pub(super) fn printed(&self, printed: String) -> String {
        let told = self.0.keys().find_map(|name| {
            let (line, text) = printed.strip_prefix(name.as_str())?.strip_prefix(':')?.split_once(':')?;
            let (file, line) = self.line(name, line.parse().ok()?)?;
            Some(format!("{file}:{line}:{text}"))
        });
        told.unwrap_or(printed)
    }
}

/// Whether the files call nothing by the same name that is not the same.
fn agree(files: &[&Parsed]) -> bool {
    let mut imports: BTreeMap<&String, &Vec<String>> = BTreeMap::new();
    files.iter().flat_map(|file| &file.module.imports).all(|(name, path)| {
        let known = imports.entry(name).or_insert(path);
        *known == path
    })
}

/// The heads of all files once, and then each file with blanks where its own was.
fn join(files: &[&Parsed]) -> (String, Vec<(u32, Arc<str>)>) {
    let mut heads: Vec<&str> = Vec::new();
    for file in files {
        for (at, (start, end)) in file.module.heads.iter().enumerate() {
            let head = file.text.get(*start..*end).unwrap_or_default();
            // The first is the package, which is the same in all of them, however it is written.
            if !heads.contains(&head) && (at > 0 || heads.is_empty()) {
                heads.push(head);
            }
        }
    }
    let mut text = heads.join("\n") + "\n";
    let mut starts = Vec::new();
    for file in files {
        let line = text.matches('\n').count() + 1;
        starts.push((u32::try_from(line).unwrap_or(u32::MAX), Arc::clone(&file.name)));
        text.push_str(&without(&file.text, &file.module.heads));
        text.push('\n');
    }
    (text, starts)
}

/// A text with blanks in place of some of its bytes, and the lines where they were.
fn without(text: &str, stretches: &[(usize, usize)]) -> String {
    let is_within = |at: usize| stretches.iter().any(|(start, end)| (*start..*end).contains(&at));
    let kept = text.char_indices().map(|(at, letter)| match letter {
        '\n' | '\r' => letter,
        _ if is_within(at) => ' ',
        _ => letter,
    });
    kept.collect()
}
