//! The language server, over its protocol.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what must hold"
)]

use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

/// An editor that has a folder open.
struct Editor {
    server: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    folder: TempDir,
    next: i64,
}

impl Editor {
    /// Opens a copy of a folder of the examples. `encodings` is how it can count columns.
    fn open(example: &str, encodings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        // One policy is shown, not all that a cluster needs.
        fs::write(folder.path().join("sekisho.yaml"), "version: 1\ncheck: { ignore: [coverage] }\n").unwrap();
        Self::of(folder, encodings)
    }

    fn of(folder: TempDir, encodings: &[&str]) -> Self {
        Self::able(folder, &json!({ "general": { "positionEncodings": encodings } }))
    }

    /// Opens a folder. `capabilities` is what the editor can do.
    fn able(folder: TempDir, capabilities: &Value) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .arg("lsp")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (server.stdin.take(), BufReader::new(server.stdout.take().unwrap()));
        let mut editor = Self { server, to, from, folder, next: 0 };
        let root = editor.uri("");
        let answer = editor.ask(
            "initialize",
            json!({
                "processId": null,
                "rootUri": root.trim_end_matches('/'),
                "capabilities": capabilities,
            }),
        );
        assert_eq!(answer["serverInfo"]["name"], "sekisho");
        let encoding = capabilities["general"]["positionEncodings"][0].as_str().unwrap_or("utf-16");
        assert_eq!(answer["capabilities"]["positionEncoding"], encoding);
        editor.tell("initialized", json!({}));
        editor
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(file)
    }

    fn uri(&self, file: &str) -> String {
        format!("file://{}", self.path(file).display())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let to = self.to.as_mut().unwrap();
        write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        to.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server went away");
            match line.trim().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The whole answer to a request; what else is told before it is passed over.
    fn reply(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == id {
                return message;
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let reply = self.reply(method, params);
        assert!(reply["error"].is_null(), "{reply}");
        reply["result"].clone()
    }

    /// What is told next of a file.
    fn diagnostics(&mut self, file: &str) -> Vec<Value> {
        let uri = self.uri(file);
        loop {
            let message = self.receive();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri {
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    fn did_open(&mut self, file: &str, text: &str) {
        let uri = self.uri(file);
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn did_change(&mut self, file: &str, text: &str) {
        let uri = self.uri(file);
        let params =
            json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [{ "text": text }] });
        self.tell("textDocument/didChange", params);
    }

    fn did_close(&mut self, file: &str) {
        let uri = self.uri(file);
        self.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    fn changed_on_disk(&mut self, file: &str) {
        let uri = self.uri(file);
        self.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri, "type": 2 }] }));
    }

    fn actions(&mut self, file: &str, range: &Value) -> Vec<Value> {
        self.actions_of(file, range, &json!({ "diagnostics": [] }))
    }

    fn actions_of(&mut self, file: &str, range: &Value, context: &Value) -> Vec<Value> {
        let uri = self.uri(file);
        let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
        self.ask("textDocument/codeAction", params).as_array().unwrap().clone()
    }

    fn hover(&mut self, file: &str, line: usize, character: usize) -> Value {
        let uri = self.uri(file);
        let at = json!({ "line": line, "character": character });
        self.ask("textDocument/hover", json!({ "textDocument": { "uri": uri }, "position": at }))
    }

    fn close(mut self) {
        assert_eq!(self.ask("shutdown", json!(null)), Value::Null);
        self.tell("exit", json!(null));
        self.to = None;
        assert!(self.server.wait().unwrap().success());
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The text with the edits of an action made, by places of the protocol.
fn edited(text: &str, edits: &Value) -> String {
    let offset = |at: &Value| {
        let (line, column) =
            (at["line"].as_u64().unwrap() as usize, at["character"].as_u64().unwrap() as usize);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        start + column
    };
    let mut edits: Vec<(usize, usize, String)> = edits
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (offset(&range["start"]), offset(&range["end"]), edit["newText"].as_str().unwrap().to_owned())
        })
        .collect();
    edits.sort();
    edits.iter().rev().fold(text.to_owned(), |mut text, (start, end, with)| {
        text.replace_range(*start..*end, with);
        text
    })
}

#[test]
fn a_finding_its_mend_and_what_is_left() {
    let mut editor = Editor::open("mistakes/and-or", &["utf-8"]);
    let text = editor.text("policy.yaml");
    let found = editor.diagnostics("policy.yaml");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["code"], &found[0]["severity"]), (&json!("SK105"), &json!(1)));
    assert_eq!(found[0]["range"]["start"], json!({ "line": 15, "character": 10 }));
    assert_eq!(found[0]["source"], "sekisho");
    assert_eq!(found[0]["relatedInformation"].as_array().unwrap().len(), 1);

    editor.did_open("policy.yaml", &text);
    let actions = editor.actions("policy.yaml", &found[0]["range"]);
    let titles: Vec<&str> = actions.iter().map(|action| action["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["make one entry of the two (changes connections)", "silence SK105 here: write why"]);
    let uri = editor.uri("policy.yaml");
    let mended = edited(&text, &actions[0]["edit"]["changes"][uri.as_str()]);
    assert_eq!(mended, text.replace("- podSelector:", "  podSelector:"));
    let silenced = edited(&text, &actions[1]["edit"]["changes"][uri.as_str()]);
    assert!(silenced.contains("# sekisho: ignore[SK105] \n        - namespaceSelector"), "{silenced}");

    editor.did_change("policy.yaml", &mended);
    let told = editor.receive();
    assert_eq!((&told["params"]["uri"], &told["params"]["version"]), (&json!(uri), &json!(2)));
    assert_eq!(told["params"]["diagnostics"], json!([]));
    // Closed without saving, the file on disk holds again.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    assert_eq!(editor.diagnostics("policy.yaml").len(), 1);
    editor.close();
}

#[test]
fn what_a_rule_lets_in_today() {
    let mut editor = Editor::open("mistakes/and-or", &[]);
    editor.diagnostics("policy.yaml");
    let value = |hover: Value| hover["contents"]["value"].as_str().unwrap_or_default().to_owned();
    let peer = editor.hover("policy.yaml", 16, 14);
    assert_eq!(peer["range"]["start"], json!({ "line": 15, "character": 10 }));
    let said = value(peer);
    assert!(said.contains("lets in 2 pods of `trading/trading-backend` and `trading/trading-bff`"), "{said}");
    assert!(said.contains("TCP `grpc`, which is 50051"), "{said}");
    assert!(value(editor.hover("policy.yaml", 19, 14)).contains("lets in nobody today"));
    assert!(value(editor.hover("policy.yaml", 1, 3)).contains("selects 1 pod of `market-data/market-data`"));
    let port = value(editor.hover("policy.yaml", 25, 12));
    assert_eq!(port, "**Today** this is TCP `grpc`, which is 50051.");
    assert_eq!(editor.hover("pods.yaml", 1, 1), Value::Null);
    editor.close();
}

#[test]
fn a_change_of_one_file_is_told_of_another() {
    let mut editor = Editor::open("mistakes/named-port-missing", &["utf-8"]);
    assert_eq!(editor.diagnostics("policy.yaml")[0]["code"], "SK106");
    let pods = editor.text("pods.yaml");
    editor.did_open("pods.yaml", &pods);
    editor.did_change("pods.yaml", &pods.replace("name: grpc", "name: http"));
    assert_eq!(editor.diagnostics("policy.yaml"), Vec::<Value>::new());
    // What does not parse is told at its place, and the next state is right again.
    editor.did_change("pods.yaml", "kind: [");
    assert_eq!(editor.diagnostics("pods.yaml")[0]["code"], "SK100");
    editor.did_change("pods.yaml", &pods);
    assert_eq!(editor.diagnostics("pods.yaml"), Vec::<Value>::new());
    // A file that comes on disk.
    let path = editor.path("more.yaml");
    fs::write(&path, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: 關所}\nspec: {podSelector: {}}\n").unwrap();
    let uri = editor.uri("more.yaml");
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri, "type": 1 }] }));
    assert_eq!(editor.diagnostics("more.yaml")[0]["code"], "SK100");
    editor.close();
}

#[test]
fn nonsense_is_answered_and_survived() {
    let mut editor = Editor::open("mistakes/and-or", &["utf-8"]);
    editor.diagnostics("policy.yaml");
    assert_eq!(editor.reply("textDocument/definition", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.reply("textDocument/hover", json!({ "nothing": 1 }))["error"]["code"], -32602);
    editor.tell("textDocument/didChange", json!({ "nothing": 1 }));
    editor.tell(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": "untitled:1", "languageId": "yaml", "version": 1, "text": "{" } }),
    );
    let far = editor.hover("policy.yaml", 1_000_000, 1_000_000);
    assert_eq!(far, Value::Null);
    assert!(editor.hover("policy.yaml", 16, 14)["contents"]["value"].is_string());
    editor.close();
}

/// A policy that lets in the namespaces with a label.
const OF_TEAMS: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  ingress:
    - from: [{namespaceSelector: {matchLabels: {team: front}}, podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
";

fn pod(namespace: &str, label: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {label}, namespace: {namespace}, labels: {{app: {label}}}}}\n---\n"
    )
}

fn namespace(name: &str, team: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{team: {team}}}}}\n")
}

/// A folder with these files.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const SETTINGS: (&str, &str) = ("sekisho.yaml", "version: 1\ncheck: { ignore: [coverage] }\n");

/// What is told of a file, with the lines.
fn codes(found: &[Value]) -> Vec<(u64, &str)> {
    let of = |one: &'_ Value| one["range"]["start"]["line"].as_u64().unwrap();
    found.iter().map(|one| (of(one), one["code"].as_str().unwrap())).collect()
}

#[test]
fn what_a_namespace_means_to_others_is_told_when_nobody_types() {
    let teams = namespace("front", "front") + "---\n" + &pod("front", "web");
    let folder = repository(&[SETTINGS, ("policy.yaml", OF_TEAMS), ("teams.yaml", &teams)]);
    fs::write(folder.path().join("shop.yaml"), pod("shop", "db")).unwrap();
    let mut editor = Editor::of(folder, &["utf-8"]);
    editor.did_open("teams.yaml", &teams);
    // The policy is of another namespace than what has changed, and that is why it is wrong now.
    editor.did_change("teams.yaml", &teams.replace("team: front", "team: back"));
    assert_eq!(codes(&editor.diagnostics("policy.yaml")), [(6, "SK103")]);
    // Series of changes: what is told in the end is what the last of them makes.
    for team in ["a", "b", "front", "c", "front"] {
        editor.did_change("teams.yaml", &teams.replace("team: front", &format!("team: {team}")));
    }
    assert_eq!(editor.diagnostics("policy.yaml"), Vec::<Value>::new());
    editor.close();
}

#[test]
fn files_that_are_not_of_the_folder_are_told_of_as_long_as_they_are_open() {
    let broken = "apiVersion: v1\nkind: Pod\nmetadata: {name: 1}\n";
    let folder = repository(&[SETTINGS, ("policy.yaml", OF_TEAMS), (".git/pod.yaml", broken)]);
    fs::write(folder.path().join("shop.yaml"), pod("shop", "db") + &pod("front", "web")).unwrap();
    fs::write(folder.path().join("teams.yaml"), namespace("front", "front")).unwrap();
    let mut editor = Editor::of(folder, &["utf-8"]);
    // What lies in a hidden folder does not belong to the manifests: they say that `web` is there twice otherwise.
    let hidden = pod("front", "web");
    editor.did_open(".git/pod.yaml", broken);
    assert_eq!(codes(&editor.diagnostics(".git/pod.yaml"))[0].1, "SK100");
    editor.did_change(".git/pod.yaml", &hidden);
    editor.diagnostics(".git/pod.yaml");
    editor.did_change(".git/pod.yaml", broken);
    assert_eq!(codes(&editor.diagnostics(".git/pod.yaml"))[0].1, "SK100");
    editor.did_close(".git/pod.yaml");
    assert_eq!(editor.diagnostics(".git/pod.yaml"), Vec::<Value>::new());
    // On disk it is of no interest either. A file that was open and was never saved is gone.
    editor.changed_on_disk(".git/pod.yaml");
    editor.did_open("new.yaml", broken);
    assert_eq!(codes(&editor.diagnostics("new.yaml"))[0].1, "SK100");
    editor.did_close("new.yaml");
    assert_eq!(editor.diagnostics("new.yaml"), Vec::<Value>::new());
    editor.close();
}

#[test]
fn an_editor_that_can_is_asked_to_watch_files() {
    let can = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut editor = Editor::able(repository(&[SETTINGS, ("policy.yaml", OF_TEAMS)]), &can);
    let asked = editor.receive();
    assert_eq!(asked["method"], "client/registerCapability");
    let registration = &asked["params"]["registrations"][0];
    assert_eq!(registration["method"], "workspace/didChangeWatchedFiles");
    assert_eq!(registration["registerOptions"]["watchers"][0]["globPattern"], "**/*.{yaml,yml,json}");
    editor.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null }));
    // Somebody else writes the file.
    let path = editor.path("policy.yaml");
    fs::write(&path, "kind: [").unwrap();
    editor.changed_on_disk("policy.yaml");
    while codes(&editor.diagnostics("policy.yaml")).first().is_none_or(|(_, code)| *code != "SK100") {}
    fs::remove_file(&path).unwrap();
    editor.changed_on_disk("policy.yaml");
    assert_eq!(editor.diagnostics("policy.yaml"), Vec::<Value>::new());
    editor.close();
}

#[test]
fn only_what_is_asked_for_is_offered_and_of_every_environment() {
    let folder = repository(&[
        (
            "sekisho.yaml",
            "version: 1\ncheck: { ignore: [coverage] }\nenvironments:\n  one: { paths: [base, one] }\n  two: { paths: [base, two] }\n",
        ),
        ("base/policy.yaml", OF_TEAMS),
        ("base/shop.yaml", &pod("shop", "db")),
        ("one/teams.yaml", &(namespace("front", "front") + "---\n" + &pod("front", "web"))),
        ("two/teams.yaml", &(namespace("front", "back") + "---\n" + &pod("front", "web"))),
    ]);
    let mut editor = Editor::of(folder, &["utf-8"]);
    // It is wrong in the second environment alone.
    let found = editor.diagnostics("base/policy.yaml");
    assert_eq!(codes(&found), [(6, "SK103")]);
    let range = &found[0]["range"];
    let titles = |actions: Vec<Value>| -> Vec<String> {
        actions.iter().map(|action| action["title"].as_str().unwrap().to_owned()).collect()
    };
    let offered = titles(editor.actions("base/policy.yaml", range));
    assert!(offered.contains(&"silence SK103 here: write why".to_owned()), "{offered:?}");
    let mut only = |kinds: Value| {
        titles(editor.actions_of("base/policy.yaml", range, &json!({ "diagnostics": [], "only": kinds })))
    };
    assert_eq!(only(json!(["quickfix"])), offered);
    assert_eq!(only(json!(["refactor", ""])), offered);
    assert!(only(json!(["refactor", "source.organizeImports"])).is_empty());
    editor.close();
}

#[test]
fn each_folder_of_a_workspace_is_looked_at() {
    let (one, two) = (repository(&[SETTINGS, ("a.yaml", "kind: [")]), repository(&[("b.yaml", "kind: [")]));
    let uri = |folder: &TempDir| format!("file://{}", folder.path().canonicalize().unwrap().display());
    let (second, file) = (uri(&two), uri(&two) + "/b.yaml");
    let mut editor = Editor::of(one, &["utf-8"]);
    assert_eq!(codes(&editor.diagnostics("a.yaml"))[0].1, "SK100");
    let folder = json!({ "uri": second, "name": "two" });
    let turn = |editor: &mut Editor, event: Value, expected: usize| {
        editor.tell("workspace/didChangeWorkspaceFolders", json!({ "event": event }));
        let told = editor.receive();
        assert_eq!(told["params"]["uri"], file.as_str());
        assert_eq!(told["params"]["diagnostics"].as_array().unwrap().len(), expected);
    };
    turn(&mut editor, json!({ "added": [folder], "removed": [] }), 1);
    turn(&mut editor, json!({ "added": [], "removed": [folder] }), 0);
    editor.close();
}
