//! What a finding is known by from one run to the next: by no line, for lines move, and by none of the words in which it
//! is told, for they name others, who come and go.

use sekisho_k8s::edit::{Editor, Standing};
use sekisho_lint::{Finding, Subject};

/// What tells a finding from others for longer than lines stay where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    /// The file; empty of a namespace that no file has.
    pub(crate) path: String,
    /// The code of the rule.
    pub(crate) code: String,
    /// The object, by kind and name; empty where the text is of none.
    pub(crate) object: String,
    /// The way to the place in the object, without the numbers of entries.
    pub(crate) place: String,
    /// What stands there, and what else tells the finding from others there.
    pub(crate) value: String,
}

impl Identity {
    /// That of a finding in the file at `path`, whose text `editor` has.
    pub(crate) fn of(finding: &Finding, path: &str, editor: &Editor<'_>) -> Self {
        let origin = &finding.diagnostic.origin;
        let code = finding.code().to_owned();
        let standing = editor.standing(origin);
        if let Subject::Namespace(_) = finding.subject {
            // Where no file has the namespace itself it is told of at one of its pods, which may be another next time.
            let object = finding.subject.to_string();
            let is_its_own = standing.and_then(|one| one.object).is_some_and(|written| written == object);
            let path = if is_its_own { path.to_owned() } else { String::new() };
            return Self { path, code, object, ..Self::default() };
        }
        let Standing { object, path: place, value } = standing.unwrap_or_else(|| Standing {
            value: match editor.line(origin) {
                Some(line) => line.to_owned(),
                None if finding.subject == Subject::Text => finding.diagnostic.message.clone(),
                None => String::new(),
            },
            ..Standing::default()
        });
        let object = match &finding.subject {
            Subject::Text | Subject::ClusterPolicy(_) => object.unwrap_or_default(),
            subject => subject.to_string(),
        };
        let value = [value, finding.essence.clone()].into_iter().filter(|part| !part.is_empty());
        let value = value.collect::<Vec<_>>().join("; ");
        Self { path: path.to_owned(), code, object, place, value }
    }

    /// That of a finding in a file that an earlier sekisho wrote, which knew findings by their words.
    pub(super) fn by_words(finding: &Finding, path: String) -> Self {
        Self::words(
            path,
            finding.code().to_owned(),
            match &finding.subject {
                Subject::ClusterPolicy(_) => String::new(),
                subject => subject.to_string(),
            },
            finding.diagnostic.message.clone(),
        )
    }

    /// The same of an entry of such a file.
    pub(super) fn words(path: String, code: String, object: String, message: String) -> Self {
        Self { path, code, object, place: String::new(), value: message }
    }
}
