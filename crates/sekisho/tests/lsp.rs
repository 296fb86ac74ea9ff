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
                "capabilities": { "general": { "positionEncodings": encodings } },
            }),
        );
        assert_eq!(answer["serverInfo"]["name"], "sekisho");
        assert_eq!(
            answer["capabilities"]["positionEncoding"],
            encodings.first().copied().unwrap_or("utf-16")
        );
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

    fn actions(&mut self, file: &str, range: &Value) -> Vec<Value> {
        let uri = self.uri(file);
        let params =
            json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
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
    assert_eq!(editor.diagnostics("policy.yaml"), Vec::<Value>::new());
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
