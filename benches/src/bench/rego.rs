//! Rules in Rego, beside conftest, on the same manifests in one run.
//!
//! conftest is given rules about the text of policies, for it knows nothing else. sekisho runs the same ones; beside
//! them it reads the cluster, tells each rule whom selectors mean, and looks with its own rules, because a person who runs
//! it has no less. `scripts/bench` builds conftest and says where it is.

use super::check::repository;
use crate::{Result, child, report::Row, scratch::Scratch};
use serde_json::Value;
use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// How many files the folders have, each with a policy and pods.
const SIZES: [usize; 2] = [1_000, 10_000];
/// How often each program runs; they take turns, and the faster run counts.
const ROUNDS: usize = 3;
/// No run takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(600);

/// A way to ask: the program, its rules, and where its answer goes.
struct Asked<'a> {
    program: &'a Path,
    arguments: Vec<String>,
    answer: PathBuf,
}

impl Asked<'_> {
    /// Runs it once; more than what is wrong with the manifests must not be wrong.
    fn run(&self) -> Result<f64> {
        let mut command = Command::new(self.program);
        command.args(&self.arguments).stdout(File::create(&self.answer)?).stderr(Stdio::null());
        let run = child::run(&mut command, LIMIT)?.ok_or_else(|| format!("more than {LIMIT:?}"))?;
        match run.code {
            Some(0 | 1) => Ok(run.seconds),
            code => Err(format!("`{}` ended with {code:?}", self.program.display()).into()),
        }
    }

    fn answer(&self) -> Result<Value> {
        Ok(serde_json::from_str(&fs::read_to_string(&self.answer)?)?)
    }
}

/// Measures both programs.
pub(crate) fn run() -> Result<Vec<Row>> {
    let sekisho = env::current_exe()?.with_file_name("sekisho");
    let conftest = env::var_os("SEKISHO_CONFTEST").map(PathBuf::from).unwrap_or_default();
    if !sekisho.exists() {
        let why = "the program is not built: cargo build --release --package sekisho";
        return Ok(vec![Row::absent("rules in Rego", why)]);
    }
    if !conftest.is_file() {
        let why = "conftest is not there: scripts/bench builds it where Go is installed";
        return Ok(vec![Row::absent("rules in Rego, beside conftest", why)]);
    }
    let mut rows = Vec::new();
    for files in SIZES {
        rows.extend(beside(&sekisho, &conftest, files)?);
    }
    Ok(rows)
}

fn beside(sekisho: &Path, conftest: &Path, files: usize) -> Result<Vec<Row>> {
    let (manifests, answers) = (Scratch::new()?, Scratch::new()?);
    repository(manifests.path(), files)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = root.join("peers/rego").display().to_string();
    let folder = manifests.path().display().to_string();
    let asked = |program, words: &[&str], name: &str| Asked {
        program,
        arguments: words.iter().map(|word| (*word).to_owned()).chain([folder.clone()]).collect(),
        answer: answers.path().join(name),
    };
    let theirs = asked(conftest, &["test", "-o", "json", "--no-color", "-p", &text], "theirs");
    let same = asked(sekisho, &["check", "-o", "json", "--rego", &text], "same");
    let standard = root.join("../examples/standard-rego").display().to_string();
    let standard = asked(sekisho, &["check", "-o", "json", "--rego", &standard], "standard");
    let own = asked(sekisho, &["check", "-o", "json"], "own");
    let [against, same_time, standard_time, own_time] = best([&theirs, &same, &standard, &own])?;
    let (found, told) = (ours(&same.answer()?), failures(&theirs.answer()?));
    let row = |what: &str, time: f64, note: String| {
        let what = format!("{files} files: {what}");
        Row::new(what, time, "s").against("`conftest test`, rules about text", against, "s").note(note)
    };
    Ok(vec![
        row("`check --rego`, the same rules", same_time, format!("they find {found}, conftest {told}")),
        row(
            "`check --rego examples/standard-rego`",
            standard_time,
            "rules about whom policies mean; own rules too".to_owned(),
        ),
        row("`check`, own rules alone", own_time, "no Rego".to_owned()),
    ])
}

/// The faster run of each, in turns.
fn best<const N: usize>(asked: [&Asked<'_>; N]) -> Result<[f64; N]> {
    let mut best = [f64::INFINITY; N];
    for _ in 0..ROUNDS {
        for (one, best) in asked.iter().zip(&mut best) {
            *best = best.min(one.run()?);
        }
    }
    Ok(best)
}

/// How much the shared rules find, of what sekisho tells.
fn ours(answer: &Value) -> usize {
    let findings = answer.get("findings").and_then(Value::as_array).into_iter().flatten();
    findings.filter(|one| one.get("code").and_then(Value::as_str).is_some_and(is_shared)).count()
}

fn is_shared(code: &str) -> bool {
    code.starts_with("main/")
}

/// How much conftest tells.
fn failures(answer: &Value) -> usize {
    let of_files = answer.as_array().into_iter().flatten();
    of_files.filter_map(|file| file.get("failures").and_then(Value::as_array)).map(Vec::len).sum()
}
