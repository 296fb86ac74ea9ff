//! What other tools observe: their formats, read line by line into [`Observation`]s.
//!
//! Each reader holds to what the format's own documentation says, passes over fields that it does not
//! know, and counts what it leaves out, with why ([`Skipped`]). A line that is wrong is an error with its
//! place; the lines after it are read. No line, and no number of lines, fills the memory.

mod detect;
mod gke;
mod hubble;
mod objects;
mod pieces;
mod recent;
mod skip;
mod vpc;

pub use detect::{Foreign, Format};
pub use skip::{Skip, Skipped};

use crate::{
    observation::Observation,
    text::{Line, Lines, ReadError, Trouble},
};
use objects::Objects;
use std::{io::BufRead, mem};

/// What became of a piece of the text.
#[derive(Debug)]
enum Read {
    Observed(Box<Observation>),
    /// It is none; so many events stand behind it.
    Skipped(Skip, u64),
}

impl From<Skip> for Read {
    fn from(skip: Skip) -> Self {
        Self::Skipped(skip, 1)
    }
}

impl From<Observation> for Read {
    fn from(observation: Observation) -> Self {
        Self::Observed(Box::new(observation))
    }
}

/// A reader of one format: it is handed one piece after another.
trait Reader {
    /// Reads `text`, which begins in line `line`.
    fn read(&mut self, line: u64, text: &[u8]) -> Result<Read, Trouble>;
}

/// How a stream falls into pieces.
#[derive(Debug)]
enum Pieces<R> {
    Lines(Lines<R>),
    Objects(Objects<R>),
    /// Nothing was read yet.
    Fresh(R),
    Over,
}

/// The observations of a stream, one after another.
pub struct Observations<R> {
    pieces: Pieces<R>,
    reader: Box<dyn Reader + Send>,
    skipped: Skipped,
}

impl<R: BufRead> Observations<R> {
    /// The observations of `from`, which is of `format`.
    pub fn new(format: Foreign, from: R) -> Self {
        let reader: Box<dyn Reader + Send> = match format {
            Foreign::Hubble => Box::<hubble::Hubble>::default(),
            Foreign::Gke => Box::new(gke::Gke),
            Foreign::Vpc => Box::<vpc::Vpc>::default(),
        };
        Self { pieces: Pieces::Fresh(from), reader, skipped: Skipped::default() }
    }

    /// What was left out so far, and why.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// An array of objects falls into these, anything else into lines.
    fn begin(&mut self) -> Result<(), ReadError> {
        if !matches!(self.pieces, Pieces::Fresh(_)) {
            return Ok(());
        }
        if let Pieces::Fresh(mut from) = mem::replace(&mut self.pieces, Pieces::Over) {
            let is_array = from.fill_buf()?.trim_ascii_start().first() == Some(&b'[');
            self.pieces =
                if is_array { Pieces::Objects(Objects::new(from)) } else { Pieces::Lines(Lines::new(from)) };
        }
        Ok(())
    }

    fn next_piece(&mut self) -> Result<Option<Read>, ReadError> {
        self.begin()?;
        let (number, piece) = match &mut self.pieces {
            Pieces::Lines(lines) => match lines.next_line()? {
                Some(piece) => piece,
                None => return Ok(None),
            },
            Pieces::Objects(objects) => match objects.next_object()? {
                Some(piece) => piece,
                None => return Ok(None),
            },
            Pieces::Fresh(_) | Pieces::Over => return Ok(None),
        };
        match piece {
            Line::TooLong => Err(Trouble::too_long(number).into()),
            Line::Text(text) if text.trim_ascii().is_empty() => Ok(Some(Read::Skipped(Skip::Empty, 0))),
            Line::Text(text) => {
                let read = self.reader.read(number, text);
                Ok(Some(read.map_err(|trouble| self.placed(number, trouble))?))
            }
        }
    }

    /// What is wrong with an object that begins within line `number`, by the columns of that line.
    fn placed(&self, number: u64, trouble: Trouble) -> Trouble {
        match &self.pieces {
            Pieces::Objects(objects) if trouble.line == number => {
                let column = trouble.column.max(1).saturating_add(objects.begun_at().saturating_sub(1));
                Trouble { column, ..trouble }
            }
            _ => trouble,
        }
    }
}

impl<R: BufRead> Iterator for Observations<R> {
    type Item = Result<Observation, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_piece() {
                Ok(None) => return None,
                Ok(Some(Read::Observed(observation))) => return Some(Ok(*observation)),
                Ok(Some(Read::Skipped(why, events))) => self.skipped.add(why, events),
                Err(error) => {
                    if let ReadError::Io(_) = error {
                        self.pieces = Pieces::Over;
                    }
                    return Some(Err(error));
                }
            }
        }
    }
}
