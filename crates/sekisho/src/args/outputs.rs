//! `--format` and `--output`, of which there may be several: which belong together is said by their order.

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, ValueEnum, error::ErrorKind,
    value_parser,
};
use std::path::PathBuf;

/// How to print what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people: each finding with the lines it is about
    Human,
    /// For programs; `sekisho schema check` describes it
    Json,
    /// For services that show findings beside the code: SARIF 2.1.0
    Sarif,
    /// For the log of a GitHub workflow, which shows them beside the change
    Github,
    /// For GitLab: a Code Quality report
    Gitlab,
    /// For CI systems: JUnit XML
    Junit,
    /// For a comment on a pull request: Markdown, folded where it is long
    Md,
}

/// A form, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckOutput {
    /// The form.
    pub(crate) format: CheckFormat,
    /// The file; `None` for standard output.
    pub(crate) file: Option<PathBuf>,
}

/// All that is printed, in the order in which it was asked for; never nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckOutputs(pub(crate) Vec<CheckOutput>);

const FORMAT: &str = "format";
const OUTPUT: &str = "output";

impl Args for CheckOutputs {
    fn augment_args(command: Command) -> Command {
        let format = Arg::new(FORMAT)
            .short('o')
            .long(FORMAT)
            .value_name("FORMAT")
            .value_parser(value_parser!(CheckFormat))
            .action(ArgAction::Append)
            .help("How to print what was found, `human` where nothing is said; may be given several times");
        let output = Arg::new(OUTPUT)
            .long(OUTPUT)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .action(ArgAction::Append)
            .help("Where the format before it is written to; without it, to standard output");
        command.arg(format).arg(output)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for CheckOutputs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let at = |name: &str| matches.indices_of(name).into_iter().flatten();
        let formats = matches.get_many::<CheckFormat>(FORMAT).into_iter().flatten().copied();
        let files = matches.get_many::<PathBuf>(OUTPUT).into_iter().flatten().cloned();
        paired(at(FORMAT).zip(formats).collect(), at(OUTPUT).zip(files).collect())
            .map_err(|message| Error::raw(ErrorKind::ValueValidation, message + "\n"))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Gives each file to the format before it. Both come with where they stand on the command line, ascending.
fn paired(formats: Vec<(usize, CheckFormat)>, files: Vec<(usize, PathBuf)>) -> Result<CheckOutputs, String> {
    let mut outputs: Vec<(usize, CheckOutput)> =
        formats.into_iter().map(|(at, format)| (at, CheckOutput { format, file: None })).collect();
    if outputs.is_empty() {
        outputs.push((0, CheckOutput { format: CheckFormat::Human, file: None }));
    }
    for (at, file) in files {
        let name = file.display().to_string();
        let Some((_, output)) = outputs.iter_mut().rev().find(|(of, _)| *of <= at) else {
            return Err(format!(
                "`--output {name}` stands before every `--format`: write it behind the one it is for"
            ));
        };
        if let Some(other) = &output.file {
            let other = other.display();
            return Err(format!(
                "one format goes to both `{other}` and `{name}`: give `--format` once more for the second"
            ));
        }
        output.file = Some(file);
    }
    let outputs: Vec<CheckOutput> = outputs.into_iter().map(|(_, output)| output).collect();
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(
            "two formats go to standard output: give `--output FILE` behind all of them but one".to_owned()
        );
    }
    let files: Vec<&PathBuf> = outputs.iter().filter_map(|output| output.file.as_ref()).collect();
    if let Some(file) =
        files.iter().enumerate().find_map(|(at, file)| files.iter().take(at).find(|one| *one == file))
    {
        return Err(format!("two formats go to `{}`: give each a file of its own", file.display()));
    }
    Ok(CheckOutputs(outputs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use CheckFormat::{Human, Json, Sarif};

    fn read(formats: &[(usize, CheckFormat)], files: &[(usize, &str)]) -> Result<String, String> {
        let files = files.iter().map(|(at, file)| (*at, PathBuf::from(file))).collect();
        let shown = |output: CheckOutput| {
            let file = output.file.map_or_else(|| "-".to_owned(), |file| file.display().to_string());
            format!("{:?} {file}", output.format)
        };
        let outputs = paired(formats.to_vec(), files)?;
        Ok(outputs.0.into_iter().map(shown).collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn a_file_is_of_the_format_before_it() {
        assert_eq!(read(&[], &[]).unwrap(), "Human -");
        assert_eq!(read(&[], &[(2, "a")]).unwrap(), "Human a");
        assert_eq!(read(&[(2, Sarif), (6, Human)], &[(4, "a")]).unwrap(), "Sarif a, Human -");
        assert_eq!(read(&[(2, Human), (4, Sarif)], &[(6, "a")]).unwrap(), "Human -, Sarif a");
    }

    #[test]
    fn what_cannot_be_meant() {
        for (formats, files, part) in [
            (&[(2, Human), (4, Json)][..], &[][..], "two formats go to standard output"),
            (&[(4, Json)], &[(2, "a")], "stands before every `--format`"),
            (&[(2, Json)], &[(4, "a"), (6, "b")], "both `a` and `b`"),
            (&[(2, Json), (6, Sarif)], &[(4, "a"), (8, "a")], "two formats go to `a`"),
        ] {
            let error = read(formats, files).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
