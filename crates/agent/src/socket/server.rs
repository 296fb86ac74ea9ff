//! The agent's end.

use super::{Reply, Request, follow::follow};
use crate::{engine::Message, flows::Kept};
use anyhow::{Context, Error};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};
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

/// Answers all who ask: with what the engine says, or with what was recorded.
pub(crate) async fn serve(listener: UnixListener, engine: Sender<Message>, kept: Arc<Kept>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (engine, kept) = (engine.clone(), Arc::clone(&kept));
                tokio::spawn(async move {
                    if let Err(error) = answer(stream, &engine, &kept).await {
                        debug!(%error, "somebody did not wait for the answer");
                    }
                });
            }
            // Too many files: those that are open close.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

async fn answer(mut stream: UnixStream, engine: &Sender<Message>, kept: &Kept) -> Result<(), Error> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let mut read = BufReader::new(read).take(LONGEST);
    read.read_line(&mut line).await?;
    let reply = match serde_json::from_str::<Request>(&line) {
        // What a pod that waits was given may be another's when nobody asks for it any more.
        Ok(request @ Request::Add { .. }) => tokio::select! {
            reply = ask(request, engine) => reply,
            _ = read.read_u8() => return Ok(()),
        },
        Ok(Request::Flows { follow: to_follow }) => return follow(read, write, kept, to_follow).await,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Write, time::Duration};
    use tokio::{runtime::Builder, sync::mpsc, time::timeout};

    /// Asks, goes away, and tells whether the engine sees that nobody waits any more.
    fn is_given_up(question: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/agent.sock");
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (engine, mut asked) = mpsc::channel(1);
            tokio::spawn(serve(listen(&path).unwrap(), engine, Arc::new(Kept::new("here", false))));
            let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
            writeln!(stream, "{question}").unwrap();
            let Some(Message::Ask(_, mut reply)) = asked.recv().await else { panic!("nothing was asked") };
            assert!(timeout(Duration::from_millis(50), reply.closed()).await.is_err(), "somebody waits");
            drop(stream);
            timeout(Duration::from_millis(500), reply.closed()).await.is_ok()
        })
    }

    #[test]
    fn a_pod_is_not_added_for_those_who_no_longer_wait() {
        let attachment = r#"{"network": "pods", "container": "c1", "interface": "eth0"}"#;
        let pod = r#"{"namespace": "shop", "name": "web"}"#;
        assert!(is_given_up(&format!(
            r#"{{"add": {{"pod": {pod}, "attachment": {attachment}, "addresses": []}}}}"#
        )));
        assert!(
            !is_given_up(&format!(r#"{{"delete": {{"attachment": {attachment}}}}}"#)),
            "it is gone all the same"
        );
    }
}
