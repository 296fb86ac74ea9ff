//! The language server: what `check` finds, what a rule lets in, and the mends, while somebody types.
//!
//! It speaks over standard input and output, and looks at the manifests of the folder that the editor has open: the
//! environments of its `sekisho.yaml`, or all of it. A change of one file is read again alone; what policies mean
//! together is worked out anew, which takes milliseconds.

mod actions;
mod answers;
mod position;
mod workspace;

use anyhow::Context;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, HoverParams, HoverProviderCapability,
    InitializeParams, PositionEncodingKind, PublishDiagnosticsParams, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};
use position::Encoding;
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use url::Url;
use workspace::Workspace;

/// Serves until the editor goes.
pub(crate) fn serve() -> anyhow::Result<()> {
    let (connection, threads) = Connection::stdio();
    run(&connection)?;
    drop(connection);
    threads.join().context("the editor went without a word")
}

fn run(connection: &Connection) -> anyhow::Result<()> {
    let (id, params) = connection.initialize_start()?;
    let params: InitializeParams =
        serde_json::from_value(params).context("the editor introduced itself wrongly")?;
    let encoding = encoding(&params);
    let answer = serde_json::json!({
        "capabilities": capabilities(encoding),
        "serverInfo": { "name": "sekisho", "version": env!("SEKISHO_VERSION") },
    });
    connection.initialize_finish(id, answer)?;
    let mut server =
        Server { connection, workspace: Workspace::open(root(&params)), encoding, told: BTreeMap::new() };
    server.tell()?;
    for message in &connection.receiver {
        match message {
            Message::Request(request) if connection.handle_shutdown(&request)? => return Ok(()),
            Message::Request(request) => server.answer(request)?,
            Message::Notification(notification) => server.hear(notification)?,
            Message::Response(_) => {}
        }
    }
    Ok(())
}

/// How columns are counted: in bytes where the editor can, else as UTF-16, which every editor can.
fn encoding(params: &InitializeParams) -> Encoding {
    let known = params.capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    let bytes = known.is_some_and(|known| known.contains(&PositionEncodingKind::UTF8));
    if bytes { Encoding::Utf8 } else { Encoding::Utf16 }
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::FULL),
        save: Some(true.into()),
        ..TextDocumentSyncOptions::default()
    };
    ServerCapabilities {
        position_encoding: Some(encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        ..ServerCapabilities::default()
    }
}

/// The folder that the editor has open; where it has none, the one that the server was started in.
#[expect(deprecated, reason = "editors of before 2018 send nothing else")]
fn root(params: &InitializeParams) -> PathBuf {
    let folders = params.workspace_folders.iter().flatten().map(|folder| &folder.uri);
    let mut roots = folders.chain(&params.root_uri);
    roots.find_map(path).or_else(|| std::env::current_dir().ok()).unwrap_or_else(|| PathBuf::from("."))
}

/// The file of a URI.
fn path(uri: &Uri) -> Option<PathBuf> {
    Url::parse(uri.as_str()).ok()?.to_file_path().ok()
}

/// The URI of a file.
fn uri(path: &Path) -> Option<Uri> {
    Url::from_file_path(path).ok()?.as_str().parse().ok()
}

struct Server<'c> {
    connection: &'c Connection,
    workspace: Workspace,
    encoding: Encoding,
    /// What was told of each file that something was told of.
    told: BTreeMap<Arc<str>, Vec<lsp_types::Diagnostic>>,
}

impl Server<'_> {
    fn hear(&mut self, notification: Notification) -> anyhow::Result<()> {
        match notification.method.as_str() {
            "textDocument/didOpen" => {
                let Some(params) = of::<DidOpenTextDocumentParams>(notification.params) else {
                    return Ok(());
                };
                self.changed(&params.text_document.uri, Some(params.text_document.text))
            }
            "textDocument/didChange" => {
                let Some(params) = of::<DidChangeTextDocumentParams>(notification.params) else {
                    return Ok(());
                };
                let text = params.content_changes.into_iter().next_back().map(|change| change.text);
                self.changed(&params.text_document.uri, text)
            }
            "textDocument/didClose" => {
                let Some(params) = of::<DidCloseTextDocumentParams>(notification.params) else {
                    return Ok(());
                };
                // What was typed and not saved is gone.
                self.changed(&params.text_document.uri, None)
            }
            "textDocument/didSave" => {
                let Some(params) = of::<DidSaveTextDocumentParams>(notification.params) else {
                    return Ok(());
                };
                self.on_disk(path(&params.text_document.uri))
            }
            "workspace/didChangeWatchedFiles" => {
                let Some(params) = of::<DidChangeWatchedFilesParams>(notification.params) else {
                    return Ok(());
                };
                self.on_disk(params.changes.iter().filter_map(|change| path(&change.uri)))
            }
            _ => Ok(()),
        }
    }

    /// The text of an open file; `None` where the file on disk holds again.
    fn changed(&mut self, uri: &Uri, text: Option<String>) -> anyhow::Result<()> {
        let Some(path) = path(uri) else { return Ok(()) };
        self.workspace.put(&path, text);
        self.tell()
    }

    fn on_disk(&mut self, paths: impl IntoIterator<Item = PathBuf>) -> anyhow::Result<()> {
        for path in paths {
            self.workspace.reload(&path);
        }
        self.tell()
    }

    /// Tells the editor of every file of which there is something else to say than before.
    fn tell(&mut self) -> anyhow::Result<()> {
        let now = answers::diagnostics(&mut self.workspace, self.encoding);
        let gone = self.told.keys().filter(|name| !now.contains_key(*name)).cloned();
        let empty: Vec<(Arc<str>, Vec<lsp_types::Diagnostic>)> =
            gone.map(|name| (name, Vec::new())).collect();
        for (name, diagnostics) in now.iter().chain(empty.iter().map(|(name, none)| (name, none))) {
            if self.told.get(name) == Some(diagnostics) {
                continue;
            }
            let Some(uri) = uri(Path::new(&**name)) else { continue };
            let params = PublishDiagnosticsParams { uri, diagnostics: diagnostics.clone(), version: None };
            let told = Notification::new("textDocument/publishDiagnostics".to_owned(), params);
            self.connection.sender.send(told.into())?;
        }
        self.told = now;
        Ok(())
    }

    fn answer(&mut self, request: Request) -> anyhow::Result<()> {
        let id = request.id.clone();
        let response = match request.method.as_str() {
            "textDocument/hover" => match of::<HoverParams>(request.params) {
                Some(params) => {
                    Response::new_ok(id, answers::hover(&mut self.workspace, &params, self.encoding))
                }
                None => invalid(id),
            },
            "textDocument/codeAction" => match of::<CodeActionParams>(request.params) {
                Some(params) => {
                    Response::new_ok(id, actions::actions(&mut self.workspace, &params, self.encoding))
                }
                None => invalid(id),
            },
            method => {
                let message = format!("`{method}` is nothing that this server does");
                Response::new_err(id, ErrorCode::MethodNotFound as i32, message)
            }
        };
        self.connection.sender.send(response.into())?;
        Ok(())
    }
}

fn invalid(id: lsp_server::RequestId) -> Response {
    Response::new_err(
        id,
        ErrorCode::InvalidParams as i32,
        "the parameters are not those of the protocol".to_owned(),
    )
}

/// The parameters, where they are what the protocol says.
fn of<T: DeserializeOwned>(params: serde_json::Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
