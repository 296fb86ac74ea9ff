//! The agent, as the plugin sees it.

use crate::socket::{Reply, Request, client};
use std::{
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How long the plugin waits before it asks again.
const PAUSE: Duration = Duration::from_millis(50);
/// Within this an agent that is there may not answer.
const SHORT: Duration = Duration::from_millis(500);

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is so, or it is done.
    Done,
    /// The agent says that it is not so yet, and why.
    NotReady(String),
    /// Nobody answers, and why.
    Away(String),
    /// There is no answer in time.
    Silent,
    /// The agent does not understand the question, or its answer is not understood.
    Odd(String),
}

/// Asks once, and waits no longer than `patience`, whatever the agent does.
pub(super) fn ask(socket: &Path, request: &Request, patience: Duration) -> Outcome {
    let (tell, told) = mpsc::channel();
    let (socket, request) = (socket.to_owned(), request.clone());
    // To connect to an agent that hangs may take for ever, and so may an answer letter by letter: another
    // thread does, and ends with the program.
    let asking = thread::Builder::new().spawn(move || {
        let _ = tell.send(client::ask(&socket, &request, patience * 2));
    });
    if let Err(error) = asking {
        return Outcome::Away(error.to_string());
    }
    match told.recv_timeout(patience) {
        Err(_) => Outcome::Silent,
        Ok(Ok(Reply::Done)) => Outcome::Done,
        Ok(Ok(Reply::NotReady { why })) => Outcome::NotReady(why),
        Ok(Ok(Reply::Refused { why })) => Outcome::Odd(why),
        Ok(Ok(_)) => Outcome::Odd("its answer belongs to another question".to_owned()),
        Ok(Err(error)) if error.is::<serde_json::Error>() => Outcome::Odd(format!("{error:#}")),
        Ok(Err(error)) => Outcome::Away(format!("{error:#}")),
    }
}

/// Asks until it is done, as long as `patience` lasts: an agent that is away for a moment, or not ready
/// yet, is waited for.
pub(super) fn insist(socket: &Path, request: &Request, patience: Duration) -> Outcome {
    let until = Instant::now() + patience;
    let mut before = Outcome::Silent;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match ask(socket, request, left) {
            // What was said last tells more than that the rest of the time was too short.
            Outcome::Silent if left < SHORT => return before,
            outcome @ (Outcome::NotReady(_) | Outcome::Away(_)) => before = outcome,
            outcome => return outcome,
        }
        if Instant::now() + PAUSE >= until {
            return before;
        }
        thread::sleep(PAUSE);
    }
}
