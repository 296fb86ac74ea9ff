//! What is wrong with a line.

use super::{MOST_LINE, VERSION};
use std::{fmt, io};
use thiserror::Error;

/// Why flows cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The stream cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A line is none of the format.
    #[error("{0}")]
    Line(#[from] Trouble),
}

/// What is wrong with a line. The lines behind it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The line, from 1.
    pub line: u64,
    /// The column in bytes, from 1; 0 where the line as a whole is meant.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for Trouble {
    /// `3:17: what is wrong: what to do`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column.max(1), self.message)?;
        match &self.help {
            Some(help) => write!(f, ": {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// The line as a whole is wrong.
    pub(crate) fn whole(line: u64, message: impl Into<String>) -> Self {
        Self { line, column: 0, message: message.into(), help: None }
    }

    /// The line is longer than any that is read.
    pub(crate) fn too_long(line: u64) -> Self {
        Self::whole(line, format!("the line is longer than {MOST_LINE} bytes"))
            .with_help("no record is; look whether the file is what it was meant to be")
    }

    /// What `serde_json` says of a text whose first line is `line`.
    pub(crate) fn json(line: u64, error: &serde_json::Error) -> Self {
        // A document of several lines begins at `line`.
        let line = line.saturating_add(u64::try_from(error.line()).unwrap_or(1).saturating_sub(1));
        Self { line, column: error.column(), message: said(error), help: None }
    }

    pub(crate) fn version(line: u64, version: &str) -> Self {
        let version: String = version.chars().take(80).collect();
        Self::whole(line, format!("version `{version}` is none that is read here"))
            .with_help(format!("this is `{VERSION}`; read it with the sekisho that wrote it, or a later one"))
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What a person is told: without the place, which stands before it, and without the names of types.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let text = ["u8", "u16", "u32", "u64", "usize"].iter().fold(text.to_owned(), |text, name| {
        text.strip_suffix(&format!("expected {name}"))
            .map(|before| format!("{before}expected a whole number that fits"))
            .unwrap_or(text)
    });
    let text = quoted(&text).unwrap_or(text);
    let most = (0..=400).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..most).unwrap_or(&text).to_owned()
}

/// The text of the line between back quotes, as everywhere.
fn quoted(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("string \"")?;
    let (value, after) = rest.rsplit_once("\", expected")?;
    Some(format!("{before}`{value}`, expected{after}"))
}
