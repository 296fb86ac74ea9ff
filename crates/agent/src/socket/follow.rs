//! What was recorded, for those who ask and go on listening.

use super::Notice;
use crate::flows::{Kept, NOT_HEARD, NOT_LOGGED, News, Recent};
use anyhow::Error;
use sekisho_flow::{
    record::Flow,
    text::{self, Missing},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::broadcast::error::RecvError,
};

/// Writes what was recorded of late, and what is from now on if it is to be followed, until nobody reads any more.
pub(super) async fn follow(
    mut asker: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    kept: &Kept,
    to_follow: bool,
) -> Result<(), Error> {
    if !kept.is_recording() {
        let none = "nothing is recorded: start the agent with `--flows denied` or `--flows all`";
        return notice(&mut to, none.to_owned()).await;
    }
    let (flows, dropped, mut news) = kept.so_far();
    if dropped > 0 {
        notice(&mut to, format!("{dropped} connections made way for later ones")).await?;
    }
    write(&mut to, &flows).await?;
    if !to_follow {
        return Ok(());
    }
    loop {
        tokio::select! {
            told = next(&mut news) => match told {
                Some(Ok(Recent { flows, missing })) => {
                    write(&mut to, &flows).await?;
                    for Missing { why, connections, .. } in &*missing {
                        let count = connections.map_or("some".to_owned(), |count| count.to_string());
                        notice(&mut to, format!("{count} {} are in no record: {why}", counted(why))).await?;
                    }
                }
                Some(Err(windows)) => {
                    notice(&mut to, format!("{windows} windows of half a second are missing: they came faster than they were read")).await?;
                }
                None => return Ok(()),
            },
            // Whoever asked has gone.
            _ = asker.read_u8() => return Ok(()),
        }
    }
}

/// What is counted of what is missing, which `why` tells.
fn counted(why: &str) -> &'static str {
    match why {
        NOT_LOGGED => "packets",
        NOT_HEARD => "connections or packets",
        _ => "connections",
    }
}

/// What comes next, or how many windows are missing; nothing where nobody records any more.
async fn next(news: &mut News) -> Option<Result<Recent, u64>> {
    match news.recv().await {
        Ok(recent) => Some(Ok(recent)),
        Err(RecvError::Lagged(windows)) => Some(Err(windows)),
        Err(RecvError::Closed) => None,
    }
}

async fn write(to: &mut (impl AsyncWrite + Unpin), flows: &[Flow]) -> Result<(), Error> {
    for flow in flows {
        let mut line = text::line(flow);
        line.push('\n');
        to.write_all(line.as_bytes()).await?;
    }
    Ok(())
}

async fn notice(to: &mut (impl AsyncWrite + Unpin), notice: String) -> Result<(), Error> {
    let mut line = serde_json::to_string(&Notice { notice })?;
    line.push('\n');
    Ok(to.write_all(line.as_bytes()).await?)
}
