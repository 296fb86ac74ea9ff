//! The end of those who ask.

use super::{Notice, Reply, Request};
use crate::{
    args::Ask,
    engine::{PodReport, Report},
};
use anyhow::{Context, Error, bail};
use sekisho_core::object::ObjectKey;
use sekisho_flow::{
    record::{Flow, Key},
    text,
};
use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::ExitCode,
    time::Duration,
};

/// How long an answer may take for which the agent has nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the agent at `socket`, and waits as long as `patience` for its answer.
pub(crate) fn ask(socket: &Path, request: &Request, patience: Duration) -> Result<Reply, Error> {
    let at = || format!("no agent answers at `{}`", socket.display());
    let stream = send(socket, request, patience)?;
    let mut answer = String::new();
    match BufReader::new(stream).read_line(&mut answer) {
        Ok(0) => bail!("the agent at `{}` stopped before it answered", socket.display()),
        Ok(_) => Ok(serde_json::from_str(&answer)?),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            bail!("the agent at `{}` did not answer within {} s", socket.display(), patience.as_secs())
        }
        Err(error) => Err(error).with_context(at),
    }
}

/// Asks, and leaves the answer to be read.
fn send(socket: &Path, request: &Request, patience: Duration) -> Result<UnixStream, Error> {
    let at = || format!("no agent answers at `{}`", socket.display());
    let mut stream = UnixStream::connect(socket).with_context(at)?;
    stream.set_read_timeout(Some(patience)).with_context(at)?;
    stream.set_write_timeout(Some(patience)).with_context(at)?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).with_context(at)?;
    Ok(stream)
}

/// `sekisho-agent status`: 0 where the node is enforced as it should be, 1 where it is not yet.
pub(crate) fn status(how: &Ask) -> Result<ExitCode, Error> {
    match ask(&how.socket, &Request::Status, PATIENCE)? {
        Reply::Status(report) => {
            let report: Report = *report;
            print(how, &report, &report.to_string())?;
            Ok(ExitCode::from(u8::from(!report.is_ready())))
        }
        other => odd(&other),
    }
}

/// `sekisho-agent dump`.
pub(crate) fn dump(how: &Ask) -> Result<ExitCode, Error> {
    match ask(&how.socket, &Request::Dump, PATIENCE)? {
        Reply::Dump(text) => {
            print(how, &text, &text)?;
            Ok(ExitCode::SUCCESS)
        }
        other => odd(&other),
    }
}

/// `sekisho-agent why`: 0 where what polices the pod is programmed, 1 where it is not or there is no
/// such pod.
pub(crate) fn why(pod: &ObjectKey, how: &Ask) -> Result<ExitCode, Error> {
    match ask(&how.socket, &Request::Why { pod: pod.to_string() }, PATIENCE)? {
        Reply::Pod(report) => {
            let report: PodReport = *report;
            print(how, &report, &report.to_string())?;
            Ok(ExitCode::from(u8::from(!report.programmed)))
        }
        Reply::NotReady { why } => {
            eprintln!("sekisho-agent: {why}");
            Ok(ExitCode::FAILURE)
        }
        other => odd(&other),
    }
}

/// `sekisho-agent flows`: records, and on the other stream what is missing in them.
pub(crate) fn flows(follow: bool, how: &Ask) -> Result<ExitCode, Error> {
    let stream = send(&how.socket, &Request::Flows { follow }, PATIENCE)?;
    // Nothing may flow for a long time.
    stream.set_read_timeout(if follow { None } else { Some(PATIENCE) })?;
    let mut out = std::io::stdout().lock();
    for (number, line) in (1..).zip(BufReader::new(stream).lines()) {
        let line = line?;
        if let Ok(Notice { notice }) = serde_json::from_str(&line) {
            eprintln!("sekisho-agent: {notice}");
            continue;
        }
        if let Ok(reply) = serde_json::from_str::<Reply>(&line) {
            return odd(&reply);
        }
        let written = match how.json {
            true => writeln!(out, "{line}"),
            false => writeln!(out, "{}", shown(&text::read_line(number, line.as_bytes())?)),
        };
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            written => written?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `12:00:03  denied  web/web -> shop/api TCP/80  by shop/api  3 times`, and below it which rule came closest to allowing it.
fn shown(flow: &Flow) -> String {
    let Flow { key, seen, .. } = flow;
    let by = key.leave.denied_at().map(|side| key.leave.side(side).policies());
    let by: Vec<String> = by.into_iter().flatten().map(|policy| policy.to_string()).collect();
    let by = if by.is_empty() { String::new() } else { format!("  by {}", by.join(", ")) };
    let side = key.side.map(|side| format!(" ({side})")).unwrap_or_default();
    let times = if seen.count == 1 { String::new() } else { format!("  {} times", seen.count) };
    let at = seen.last.strftime("%H:%M:%S");
    let Key { from, to, carried, outcome, .. } = key;
    let closest = seen.nearest.as_ref().map(|nearest| format!("\n          closest: {}", nearest.lacks));
    let closest = closest.unwrap_or_default();
    format!("{at}  {outcome:<7}  {from} -> {to} {carried}{side}{by}{times}{closest}")
}

fn print<T: serde::Serialize>(how: &Ask, value: &T, text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    let written = if how.json {
        writeln!(out, "{}", serde_json::to_string_pretty(value)?)
    } else {
        write!(out, "{text}")
    };
    match written {
        // Whoever reads has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn odd(reply: &Reply) -> Result<ExitCode, Error> {
    match reply {
        Reply::NotReady { why } | Reply::Refused { why } => bail!("the agent says: {why}"),
        _ => bail!("the agent is of another version: it gives an answer that makes no sense"),
    }
}
