//! The records of flows that verbs read, of whatever observer.

pub(crate) mod hub;

use crate::{args::FlowsArgs, output};
use anyhow::{Context, bail};
use sekisho_core::object::Cluster;
use sekisho_flow::{
    Timestamp,
    attribution::{Attribution, Book, Nobody},
    merge::merge_windows,
    query::{Period, Query},
    record::{Flow, Window},
    source::{Format, Observations, Skip},
    text::{Flows, MOST_LINE, ReadError},
};
use sekisho_k8s::live::Access;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::Path,
};

/// How many wrong lines are told.
const TOLD: usize = 20;

/// What was read.
pub(crate) struct History {
    /// The flows, those of equal keys joined.
    pub(crate) flows: Vec<Flow>,
    /// How many records they were joined of.
    pub(crate) records: u64,
    /// The stretch of time that was asked for, where one was.
    pub(crate) window: Option<Window>,
}

/// Reads the flows that are asked for: of files by time alone, and of the hub, which `access` leads to a token for, also by what
/// `query` says. Ends that observers tell by their address are named as `cluster` has them.
/// `None` where a line is wrong: that is told, for what it says of might be what an answer is about.
pub(crate) fn read(
    arguments: &FlowsArgs,
    query: &Query,
    cluster: &Cluster,
    access: Option<Access>,
) -> anyhow::Result<Option<History>> {
    if !arguments.is_given() {
        bail!(
            "which flows? name files of them by `--flows`, `--flows -` for standard input, or the hub by `--hub`"
        );
    }
    let now = Timestamp::now();
    let asked = period(arguments, now)?;
    if let Some(hub) = hub::Hub::of(arguments, access)? {
        let query = Query { period: asked, ..query.clone() };
        return hub.history(&query, window(asked, now)).map(Some);
    }
    let mut reader = Reader { cluster, asked, records: 0, wrong: 0 };
    let mut flows = Vec::new();
    for path in &arguments.flows {
        // Joined file by file, so that memory follows what differs and not what was seen.
        let found = reader.file(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        flows.extend(found);
    }
    if reader.wrong > 0 {
        let lines =
            if reader.wrong == 1 { "1 line is".to_owned() } else { format!("{} lines are", reader.wrong) };
        output::error(&anyhow::anyhow!("{lines} no flows; nothing was answered"));
        return Ok(None);
    }
    let records = reader.records;
    Ok(Some(History { flows: merge_windows(flows), records, window: window(asked, now) }))
}

/// Hands on what comes on standard input, as it comes, of the time that is asked for; ends as [`read`] names them. Whether every
/// line could be read: those that could not are told.
pub(crate) fn follow(
    arguments: &FlowsArgs,
    cluster: &Cluster,
    mut each: impl FnMut(Flow) -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    let input = Path::new("-");
    if arguments.flows.iter().any(|path| path != input) {
        bail!(
            "what is in a file does not come: `--follow` is for `--flows -`, which is standard input, or for `--hub`"
        );
    }
    let asked = period(arguments, Timestamp::now())?;
    let mut reader = Reader { cluster, asked, records: 0, wrong: 0 };
    let followed = reader.read(input, |flows| {
        for flow in flows {
            each(flow)?;
        }
        anyhow::Ok(())
    })?;
    followed.unwrap_or(Ok(()))?;
    Ok(reader.wrong == 0)
}

/// The time that is asked for.
pub(crate) fn period(arguments: &FlowsArgs, now: Timestamp) -> anyhow::Result<Period> {
    Period::new(arguments.since, arguments.until, now)
        .context("`--since` must lie before `--until`, and before now")
}

/// The stretch of time that was asked for, where its beginning was.
fn window(asked: Period, now: Timestamp) -> Option<Window> {
    Window::new(asked.since?, asked.until.unwrap_or(now)).ok()
}

/// What comes until the end of the first line that says anything: who writes may begin with less.
fn first_line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let (mut start, mut most) = (Vec::new(), MOST_LINE as u64);
    while start.trim_ascii().is_empty() && most > 0 {
        let read = from.take(most).read_until(b'\n', &mut start)?;
        if read == 0 {
            break;
        }
        most -= most.min(read as u64);
    }
    Ok(start)
}

struct Reader<'c> {
    cluster: &'c Cluster,
    asked: Period,
    records: u64,
    wrong: usize,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path) -> anyhow::Result<Vec<Flow>> {
        Ok(self.read(path, |flows| merge_windows(flows))?.unwrap_or_default())
    }

    /// What `take` makes of the flows of a file, which are read as it takes them; `None` where there are none.
    fn read<T>(
        &mut self,
        path: &Path,
        take: impl FnOnce(&mut dyn Iterator<Item = Flow>) -> T,
    ) -> anyhow::Result<Option<T>> {
        let mut from: Box<dyn BufRead> = if path == Path::new("-") {
            Box::new(BufReader::new(io::stdin()))
        } else {
            Box::new(BufReader::new(File::open(path)?))
        };
        let start = first_line(&mut from)?;
        if start.trim_ascii().is_empty() {
            output::note(&format!("`{}` has no flows", path.display()));
            return Ok(None);
        }
        let Some(format) = Format::detect(&start) else {
            bail!("its first line is of none of the formats that are known: docs/flows.md lists them");
        };
        let from = io::Cursor::new(start).chain(from);
        let mut failure = None;
        let found = match format {
            Format::Flows => {
                let flows = Flows::new(from).map_while(|read| self.take(path, read, &mut failure));
                take(&mut flows.flatten())
            }
            Format::Foreign(format) => {
                let mut observations = Observations::new(format, from);
                let mut names = Attribution::new(Book::of(self.cluster), Nobody);
                let flows = observations.by_ref().map_while(|read| {
                    let read = read.map(|observation| {
                        let sighting = names.name(&observation);
                        (observation.at, sighting)
                    });
                    self.take(path, read.and_then(|(at, sighting)| flow(at, sighting)), &mut failure)
                });
                let found = take(&mut flows.flatten());
                skipped(path, observations.skipped().iter());
                found
            }
        };
        failure.map_or(Ok(Some(found)), |error: io::Error| Err(error.into()))
    }

    /// The record, where it is one of those that are asked for. `None` where the stream fails.
    fn take(
        &mut self,
        path: &Path,
        read: Result<Flow, ReadError>,
        failure: &mut Option<io::Error>,
    ) -> Option<Option<Flow>> {
        match read {
            Ok(flow) => Some(self.asked.has(&flow.seen).then(|| {
                self.records += 1;
                flow
            })),
            Err(ReadError::Io(error)) => {
                *failure = Some(error);
                None
            }
            Err(ReadError::Line(trouble)) => {
                self.wrong += 1;
                if self.wrong <= TOLD {
                    output::error(&anyhow::anyhow!("{}:{trouble}", path.display()));
                }
                Some(None)
            }
        }
    }
}

/// A record of one sighting: its window is the moment.
fn flow(at: Timestamp, sighting: sekisho_flow::attribution::Sighting) -> Result<Flow, ReadError> {
    let after = Timestamp::from_nanosecond(at.as_nanosecond().saturating_add(1)).unwrap_or(Timestamp::MAX);
    let window = Window::new(at, after).map_err(|error| ReadError::Io(io::Error::other(error)))?;
    Ok(Flow { window, key: sighting.key, seen: sighting.seen })
}

/// Says what is left out of a file, and why.
fn skipped(path: &Path, skipped: impl Iterator<Item = (Skip, u64)>) {
    let told: Vec<String> = skipped.map(|(why, events)| format!("{events} ({why})")).collect();
    if !told.is_empty() {
        output::note(&format!("left out of `{}`: {}", path.display(), told.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_that_comes_in_pieces_is_read_whole() {
        let said = |text: &str| first_line(&mut BufReader::with_capacity(1, text.as_bytes())).unwrap();
        assert_eq!(said("\n \n{\"a\": 1}\n{}"), b"\n \n{\"a\": 1}\n");
        assert_eq!(said("\n"), b"\n");
        assert_eq!(said(""), b"");
        let long = "x".repeat(MOST_LINE + 7);
        assert_eq!(said(&long).len(), MOST_LINE);
    }
}
