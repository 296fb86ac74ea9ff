//! What `sekisho check` costs: on a whole cluster, and in an editor while somebody types.

use crate::{
    Result, child,
    cluster::{Realistic, Size},
    manifest::{self, Form},
    measure::{quantile, seconds},
    report::{Goal, Row},
    scratch::Scratch,
};
use sekisho_core::object::Change;
use serde_json::{Value, json};
use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

/// The cluster that the promise is about.
const PROMISED: Size = Size { pods: 100_000, policies: 10_000, namespaces: 2_000 };
/// How many files the repository has that the promise is about.
const FILES: usize = 1_000;
/// No run of the program takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(180);
/// How often a file is changed in the editor.
const TIMES: usize = 60;
/// After so long without a change the server looks at everything, and is at it.
const THINKING: Duration = Duration::from_millis(170);

/// Measures the program on a cluster, and its language server on a repository.
pub(crate) fn run() -> Result<Vec<Row>> {
    let program = env::current_exe()?.with_file_name("sekisho");
    if !program.exists() {
        let why = "the program is not built: cargo build --release --package sekisho";
        return Ok(vec![Row::absent("`sekisho check`", why)]);
    }
    let mut rows = cluster(&program)?;
    rows.extend(editor(&program)?);
    Ok(rows)
}

fn cluster(program: &Path) -> Result<Vec<Row>> {
    let scratch = Scratch::new()?;
    manifest::folder(&Realistic::new(PROMISED), Form::Snapshot, scratch.path())?;
    let best = |verb: &str, format: &str| -> Result<Option<child::Run>> {
        let mut best: Option<child::Run> = None;
        for _ in 0..2 {
            let mut command = Command::new(program);
            command
                .args([verb, "-o", format])
                .arg(scratch.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let Some(taken) = child::run(&mut command, LIMIT)? else { return Ok(best) };
            best = Some(best.filter(|best| best.seconds <= taken.seconds).unwrap_or(taken));
        }
        Ok(best)
    };
    let what = "`sekisho check`, 100,000 pods and 10,000 policies";
    let (checked, reached) = (best("check", "json")?, best("reach", "json")?);
    let Some((checked, reached)) = checked.zip(reached) else {
        return Ok(vec![Row::absent(what, format!("more than {LIMIT:?}"))]);
    };
    let time = Row::new(what, checked.seconds, "s").against("`sekisho reach` of them", reached.seconds, "s");
    Ok(vec![
        time.goal(Goal::AtMost(5.0))
            .note(format!("{:.0} MiB; starting and reading included", checked.mebibytes)),
    ])
}

fn editor(program: &Path) -> Result<Vec<Row>> {
    let scratch = Scratch::new()?;
    let files = repository(scratch.path(), FILES)?;
    let middle = files.get(FILES / 2).ok_or("there are too few files")?;
    let text = fs::read_to_string(middle)?;
    let mut editor = Editor::open(program, scratch.path())?;
    let mut taken = Vec::new();
    for round in 0..TIMES {
        let changed = changed(&text, round)?;
        // Every other change comes while the server looks at everything.
        if round % 2 == 1 {
            thread::sleep(THINKING);
        }
        let (time, answered) = seconds(|| editor.change(middle, (&changed, round)));
        answered?;
        taken.push(time);
    }
    editor.close()?;
    let (median, most) = (quantile(&mut taken, 0.5) * 1e3, quantile(&mut taken, 0.99) * 1e3);
    let row = Row::new("one changed file of 1,000, in the editor", median, "ms").goal(Goal::AtMost(50.0));
    Ok(vec![row.note(format!("1,000 pods and 1,000 policies; 99 of 100 within {most:.0} ms"))])
}

/// The text with more lines, and with a policy that selects nobody: whatever was told of the file, something else is to
/// be told now.
fn changed(text: &str, round: usize) -> Result<String> {
    let namespace = text.lines().find_map(|line| line.trim().strip_prefix("namespace: "));
    let namespace = namespace.ok_or("nothing in the file has a namespace")?;
    let lines = "# more\n".repeat(round % 2 + 1);
    Ok(format!(
        "{lines}{text}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: nobody, namespace: {namespace}}}\n\
         spec: {{podSelector: {{matchLabels: {{nobody: \"{round}\"}}}}, policyTypes: [Ingress]}}\n"
    ))
}

/// Writes a repository of so many files, in which each has a policy, and a pod; a namespace is shared by ten.
pub(crate) fn repository(folder: &Path, count: usize) -> Result<Vec<PathBuf>> {
    let mut files: Vec<Vec<Change>> = (0..count).map(|_| Vec::new()).collect();
    let (mut pods, mut policies) = (0, 0);
    let size = Size { pods: count, policies: count, namespaces: count / 10 };
    for change in Realistic::new(size).changes() {
        let at = match &change {
            Change::PutPod(_) => {
                pods += 1;
                pods % count
            }
            Change::PutPolicy(_) => {
                policies += 1;
                policies % count
            }
            _ => 0,
        };
        if let Some(file) = files.get_mut(at) {
            file.push(change);
        }
    }
    let mut paths = Vec::with_capacity(count);
    for (at, changes) in files.into_iter().enumerate() {
        let path = folder.join(format!("{at:05}.yaml"));
        fs::write(&path, manifest::text(changes))?;
        paths.push(path);
    }
    Ok(paths)
}

/// An editor that speaks the protocol as far as it has to.
struct Editor {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: u64,
}

impl Editor {
    fn open(program: &Path, folder: &Path) -> Result<Self> {
        let mut server = Command::new(program)
            .arg("lsp")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (to, from) = server.stdin.take().zip(server.stdout.take()).ok_or("the server has no streams")?;
        let mut editor = Self { server, to, from: BufReader::new(from), next: 0 };
        let root = format!("file://{}", folder.canonicalize()?.display());
        editor.ask("initialize", json!({ "processId": null, "rootUri": root, "capabilities": {} }))?;
        editor.tell("initialized", json!({}))?;
        Ok(editor)
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        Ok(self.to.flush()?)
    }

    fn tell(&mut self, method: &str, params: Value) -> Result<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<()> {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let message = self.receive()?;
            if message.get("id").and_then(Value::as_u64) == Some(id) {
                return Ok(());
            }
        }
    }

    fn receive(&mut self) -> Result<Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.from.read_line(&mut line)? == 0 {
                return Err("the server went away".into());
            }
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text)?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Types into a file, and waits for what is told of it then.
    fn change(&mut self, path: &Path, (text, version): (&str, usize)) -> Result<()> {
        let uri = format!("file://{}", path.canonicalize()?.display());
        let changes = json!([{ "text": text }]);
        let document = json!({ "uri": uri, "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }))?;
        loop {
            let message = self.receive()?;
            let told = |place: &str| message.pointer(place);
            if told("/params/uri") == Some(&json!(uri)) && told("/params/version") == Some(&json!(version)) {
                return Ok(());
            }
        }
    }

    fn close(mut self) -> Result<()> {
        self.ask("shutdown", Value::Null)?;
        self.tell("exit", Value::Null)?;
        self.server.wait()?;
        Ok(())
    }
}
