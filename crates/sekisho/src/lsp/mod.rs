//! The language server: what `check` finds, what a rule lets in, and the mends, while somebody types.
//!
//! It speaks over standard input and output, and looks at the manifests of the folder that the editor has open: the
//! environments of its `sekisho.yaml`, or all of it. A change of one file is read again alone, and what is in the
//! namespaces of its objects is looked at at once; the rest as soon as nobody types ([`area`]).

mod actions;
mod answers;
mod area;
mod inbox;
mod position;
mod workspace;

use anyhow::Context;
use inbox::{Inbox, Next};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions,
    DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, FileSystemWatcher, GlobPattern, HoverParams, HoverProviderCapability,
    InitializeParams, OneOf, PositionEncodingKind, PublishDiagnosticsParams, Registration,
    RegistrationParams, ServerCapabilities, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, Uri, WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
    notification::{
        DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument,
        DidOpenTextDocument, DidSaveTextDocument, Exit, Notification as _, PublishDiagnostics,
    },
    request::{CodeActionRequest, HoverRequest, RegisterCapability, Request as _, Shutdown},
};
use position::Encoding;
use serde::de::DeserializeOwned;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use url::Url;
use workspace::Workspace;

/// After how long without a message nobody types any more.
const PAUSE: Duration = Duration::from_millis(150);

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
    if may_register(&params) {
        connection.sender.send(watch().into())?;
    }
    let workspace = Workspace::open(roots(&params));
    let (versions, told) = (BTreeMap::new(), BTreeMap::new());
    let inbox = Inbox::new(connection);
    let mut server = Server { connection, inbox: &inbox, workspace, encoding, versions, told };
    while let Some(message) = server.next()? {
        match message {
            Message::Request(request) if request.method == Shutdown::METHOD => {
                return server.shut_down(request.id);
            }
            Message::Request(request) => server.answer(request)?,
            Message::Notification(notification) => server.hear(notification),
            Message::Response(_) => {}
        }
    }
    Ok(())
}

/// Whether the editor lets servers ask it to watch files.
fn may_register(params: &InitializeParams) -> bool {
    let workspace = params.capabilities.workspace.as_ref();
    let watched = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
    watched.and_then(|watched| watched.dynamic_registration).unwrap_or_default()
}

/// The request to tell of manifests, and rules of the team, that change on disk.
fn watch() -> Request {
    let watcher = |pattern: &str| FileSystemWatcher {
        glob_pattern: GlobPattern::String(pattern.to_owned()),
        kind: None,
    };
    let watchers = ["**/*.{yaml,yml,json}", "**/*.rego"].map(watcher).to_vec();
    let registration = Registration {
        id: "manifests".to_owned(),
        method: DidChangeWatchedFiles::METHOD.to_owned(),
        register_options: serde_json::to_value(DidChangeWatchedFilesRegistrationOptions { watchers }).ok(),
    };
    let params = RegistrationParams { registrations: vec![registration] };
    Request::new("watch".to_owned().into(), RegisterCapability::METHOD.to_owned(), params)
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
    let folders = WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(OneOf::Left(true)),
    };
    ServerCapabilities {
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(folders),
            file_operations: None,
        }),
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

/// The folders that the editor has open; where it has none, the one that the server was started in.
#[expect(deprecated, reason = "editors of before 2018 send nothing else")]
fn roots(params: &InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten();
    let roots: Vec<PathBuf> = folders.filter_map(|folder| path(&folder.uri)).collect();
    if !roots.is_empty() {
        return roots;
    }
    let root = params.root_uri.as_ref().and_then(path).or_else(|| std::env::current_dir().ok());
    vec![root.unwrap_or_else(|| PathBuf::from("."))]
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
    inbox: &'c Inbox<'c>,
    workspace: Workspace,
    encoding: Encoding,
    /// Which version of each open file the editor has told.
    versions: BTreeMap<PathBuf, i32>,
    /// What was told of each file that something was told of.
    told: BTreeMap<Arc<str>, Vec<lsp_types::Diagnostic>>,
}

impl Server<'_> {
    /// The next message; `None` when the editor has gone. While there is none the editor is told what it does not know.
    fn next(&mut self) -> anyhow::Result<Option<Message>> {
        let inbox = self.inbox;
        if inbox.is_empty() {
            self.tell()?;
        }
        while inbox.is_empty() && !self.workspace.is_complete() {
            match inbox.next_within(PAUSE) {
                Next::Message(message) => return Ok(Some(message)),
                Next::End => return Ok(None),
                Next::Nothing => self.workspace.complete(|| inbox.is_empty()),
            }
            if self.workspace.is_complete() {
                self.tell()?;
            }
        }
        match inbox.next() {
            Next::Message(message) => Ok(Some(message)),
            Next::Nothing | Next::End => Ok(None),
        }
    }

    /// Answers that it ends, and waits until it may.
    fn shut_down(&self, id: RequestId) -> anyhow::Result<()> {
        self.connection.sender.send(Response::new_ok(id, ()).into())?;
        while let Next::Message(message) = self.inbox.next() {
            if matches!(message, Message::Notification(one) if one.method == Exit::METHOD) {
                break;
            }
        }
        Ok(())
    }

    fn hear(&mut self, notification: Notification) {
        let params = notification.params;
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let Some(params) = of::<DidOpenTextDocumentParams>(params) else { return };
                let document = params.text_document;
                self.changed(&document.uri, Some((document.text, document.version)));
            }
            DidChangeTextDocument::METHOD => {
                let Some(params) = of::<DidChangeTextDocumentParams>(params) else { return };
                let document = params.text_document;
                if let Some(change) = params.content_changes.into_iter().next_back() {
                    self.changed(&document.uri, Some((change.text, document.version)));
                }
            }
            DidCloseTextDocument::METHOD => {
                let Some(params) = of::<DidCloseTextDocumentParams>(params) else { return };
                // What was typed and not saved is gone.
                self.changed(&params.text_document.uri, None);
            }
            DidSaveTextDocument::METHOD => {
                let Some(params) = of::<DidSaveTextDocumentParams>(params) else { return };
                self.on_disk(path(&params.text_document.uri));
            }
            DidChangeWatchedFiles::METHOD => {
                let Some(params) = of::<DidChangeWatchedFilesParams>(params) else { return };
                self.on_disk(params.changes.iter().filter_map(|change| path(&change.uri)));
            }
            DidChangeWorkspaceFolders::METHOD => {
                let Some(params) = of::<DidChangeWorkspaceFoldersParams>(params) else { return };
                let [come, gone] = [params.event.added, params.event.removed]
                    .map(|folders| folders.iter().filter_map(|folder| path(&folder.uri)).collect::<Vec<_>>());
                self.workspace.turn_to(come, &gone);
            }
            _ => {}
        }
    }

    /// The text of an open file, and its version; `None` where the file on disk holds again.
    fn changed(&mut self, uri: &Uri, text: Option<(String, i32)>) {
        let Some(path) = path(uri) else { return };
        match &text {
            Some((_, version)) => drop(self.versions.insert(path.clone(), *version)),
            None => drop(self.versions.remove(&path)),
        }
        self.workspace.put(&path, text.map(|(text, _)| text));
    }

    fn on_disk(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            self.workspace.reload(&path);
        }
    }

    /// Tells the editor of every file of which there is something else to say than before.
    fn tell(&mut self) -> anyhow::Result<()> {
        self.workspace.look();
        let now = answers::diagnostics(&self.workspace, self.encoding);
        let gone = self.told.keys().filter(|name| !now.contains_key(*name)).cloned();
        let empty: Vec<(Arc<str>, Vec<lsp_types::Diagnostic>)> =
            gone.map(|name| (name, Vec::new())).collect();
        for (name, diagnostics) in now.iter().chain(empty.iter().map(|(name, none)| (name, none))) {
            if self.told.get(name) == Some(diagnostics) {
                continue;
            }
            let path = Path::new(&**name);
            let Some(uri) = uri(path) else { continue };
            let version = self.versions.get(path).copied();
            let params = PublishDiagnosticsParams { uri, diagnostics: diagnostics.clone(), version };
            let told = Notification::new(PublishDiagnostics::METHOD.to_owned(), params);
            self.connection.sender.send(told.into())?;
        }
        self.told = now;
        Ok(())
    }

    fn answer(&mut self, request: Request) -> anyhow::Result<()> {
        let id = request.id.clone();
        let response = match request.method.as_str() {
            HoverRequest::METHOD => match of::<HoverParams>(request.params) {
                Some(params) => {
                    Response::new_ok(id, answers::hover(&mut self.workspace, &params, self.encoding))
                }
                None => invalid(id),
            },
            CodeActionRequest::METHOD => match of::<CodeActionParams>(request.params) {
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

fn invalid(id: RequestId) -> Response {
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
