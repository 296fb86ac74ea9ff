//! The agent's end.

use super::{Reply, Request};
use crate::engine::Message;
use anyhow::{Context, Error};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::{mpsc::Sender, oneshot},
};
use tracing::debug;

/// The longest question, in bytes: the UIDs of all pods that a node can have are far below it.
const LONGEST: u64 = 1 << 20;

/// Listens at `path`, where only root may ask. A socket that a dead agent left there makes way.
pub(crate) fn listen(path: &Path) -> Result<UnixListener, Error> {
    let said = || format!("cannot listen at `{}`", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(said),
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(said)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).with_context(said)?;
    Ok(listener)
}

/// Answers all who ask.
pub(crate) async fn serve(listener: UnixListener, engine: Sender<Message>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let engine = engine.clone();
                tokio::spawn(async move {
                    if let Err(error) = answer(stream, &engine).await {
                        debug!(%error, "somebody did not wait for the answer");
                    }
                });
            }
            // Too many files: those that are open close.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

async fn answer(mut stream: UnixStream, engine: &Sender<Message>) -> Result<(), Error> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    BufReader::new(read).take(LONGEST).read_line(&mut line).await?;
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(request) => ask(request, engine).await,
        Err(error) => Reply::Refused { why: error.to_string() },
    };
    let mut text = serde_json::to_string(&reply)?;
    text.push('\n');
    write.write_all(text.as_bytes()).await?;
    Ok(())
}

async fn ask(request: Request, engine: &Sender<Message>) -> Reply {
    let (reply, answer) = oneshot::channel();
    let gone = || Reply::NotReady { why: "the agent is about to stop".to_owned() };
    match engine.send(Message::Ask(request, reply)).await {
        Ok(()) => answer.await.unwrap_or_else(|_| gone()),
        Err(_) => gone(),
    }
}
