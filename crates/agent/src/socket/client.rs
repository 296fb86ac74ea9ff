//! The end of those who ask.

use super::{Reply, Request};
use crate::{
    args::Ask,
    engine::{PodReport, Report},
};
use anyhow::{Context, Error, bail};
use sekisho_core::object::ObjectKey;
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
    let mut stream = UnixStream::connect(socket).with_context(at)?;
    stream.set_read_timeout(Some(patience)).with_context(at)?;
    stream.set_write_timeout(Some(patience)).with_context(at)?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).with_context(at)?;
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
