//! What the hub answers, line by line.

use crate::output;
use anyhow::{Context, anyhow};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sekisho_flow::{
    record::Flow,
    text::{MOST_LINE, read_line},
};
use serde::Deserialize;

/// Why an answer broke off.
pub(super) enum Broken {
    /// It may be asked again.
    Away(anyhow::Error),
    /// Asked again it would break off again.
    Final(anyhow::Error),
}

impl From<Broken> for anyhow::Error {
    fn from(broken: Broken) -> Self {
        let (Broken::Away(error) | Broken::Final(error)) = broken;
        error
    }
}

/// What there is to say among records.
#[derive(Deserialize)]
struct Notice {
    notice: String,
}

/// The flow of a line, where it has one; what else it says is told.
pub(super) fn flow(line: &str) -> anyhow::Result<Option<Flow>> {
    if line.is_empty() {
        return Ok(None);
    }
    if let Ok(Notice { notice }) = serde_json::from_str(line) {
        output::note(&notice);
        return Ok(None);
    }
    let flow = read_line(1, line.as_bytes());
    Ok(Some(flow.map_err(|error| anyhow!("the hub is of another version: {error}"))?))
}

/// Hands on each line, also an empty one.
pub(super) async fn lines(
    mut body: Incoming,
    mut each: impl FnMut(&str) -> anyhow::Result<()>,
) -> Result<(), Broken> {
    let mut text: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the answer broke off").map_err(Broken::Away)?;
        let Ok(data) = frame.into_data() else { continue };
        text.extend_from_slice(&data);
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = text.split_off(whole);
        let lines = std::str::from_utf8(&text).map_err(|error| Broken::Final(error.into()))?;
        lines.lines().try_for_each(&mut each).map_err(Broken::Final)?;
        text = rest;
        if text.len() > MOST_LINE {
            return Err(Broken::Final(anyhow!("the answer has a line of more than {MOST_LINE} bytes")));
        }
    }
    Ok(())
}
