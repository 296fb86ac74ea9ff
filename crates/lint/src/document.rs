//! The documentation of a rule: the comment that its file begins with.
//!
//! ```text
//! //! A peer that lets in a whole namespace.
//! //!
//! //! ## Why
//! //! ...
//! ```
//!
//! The first paragraph is what the rule finds. Sections follow: `Why`, `Wrong`, `Right`, `How to mend`, `Sources`.

/// The documentation of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it finds, in a sentence.
    pub what: String,
    /// All of it behind that, as Markdown.
    pub body: String,
}

/// The example of a section: `Wrong` or `Right`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// What the rule finds.
    Wrong,
    /// What it does not.
    Right,
}

impl Document {
    pub(crate) fn of(source: &str) -> Self {
        let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
        let text: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let end = text.iter().position(|line| line.trim().is_empty()).unwrap_or(text.len());
        let (what, body) = text.split_at(end);
        Self { what: what.join(" "), body: body.join("\n").trim().to_owned() }
    }

    /// The text of the section `title`, without its heading.
    #[must_use]
    pub fn section(&self, title: &str) -> Option<String> {
        let mut lines = self.body.lines().skip_while(|line| line.strip_prefix("## ") != Some(title));
        lines.next()?;
        let section: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
        Some(section.join("\n").trim().to_owned())
    }

    /// The manifest that a section shows.
    #[must_use]
    pub fn example(&self, example: Example) -> Option<String> {
        let title = match example {
            Example::Wrong => "Wrong",
            Example::Right => "Right",
        };
        let section = self.section(title)?;
        let (_, code) = section.split_once("```yaml\n")?;
        code.split_once("```").map(|(code, _)| code.to_owned())
    }
}
