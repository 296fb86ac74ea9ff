//! Following what flows, as the hub comes and goes.

use super::{
    Hub,
    lines::{Broken, flow, lines},
    runtime,
};
use crate::output;
use sekisho_flow::{Timestamp, query::Query, record::Flow};
use std::time::Duration;

/// How long it takes to ask again after a hub that was heard is not any more; twice as long each time, up to the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

impl Hub {
    /// What comes, until nobody reads it any more. What is missing is told beside it. A hub that was heard and is not any more is
    /// asked again, for what comes from then on.
    ///
    /// # Errors
    /// When it is not heard at first, does not want to tell, or breaks off among what it keeps.
    pub(crate) fn follow(
        &self,
        query: &Query,
        mut each: impl FnMut(&Flow) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let runtime = runtime()?;
        let mut query = query.clone();
        let (mut heard, mut pause, mut said) = (None, PAUSE, String::new());
        loop {
            let ended = match runtime.block_on(self.ask("/v1/flows", &following(&query))) {
                Ok(body) => {
                    if let Some(since) = heard {
                        heard_again(since);
                    }
                    (heard, pause, said) = (Some(Timestamp::now()), PAUSE, String::new());
                    let mut is_kept = query.period.since.is_some();
                    let ended = runtime.block_on(lines(body, |line| {
                        heard = Some(Timestamp::now());
                        is_kept &= !line.is_empty();
                        flow(line)?.map_or(Ok(()), |flow| each(&flow))
                    }));
                    // Of what is kept nobody could say how much of it was told.
                    match ended {
                        Err(Broken::Away(error)) if is_kept => Err(Broken::Final(error)),
                        ended => ended,
                    }
                }
                Err(broken) => Err(broken),
            };
            let why = match ended {
                Ok(()) => "it has ended".to_owned(),
                Err(Broken::Away(error)) if heard.is_some() => format!("{error:#}"),
                Err(broken) => return Err(broken.into()),
            };
            // Once is enough.
            if said != why {
                output::note(&format!("the hub is not heard any more, and asked again: {why}"));
                said = why;
            }
            query.period.since = None;
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST);
        }
    }
}

fn following(query: &Query) -> String {
    let asked = query.to_string();
    if asked.is_empty() { "follow=true".to_owned() } else { format!("{asked}&follow=true") }
}

/// Says what is missing where there was nobody to tell it.
fn heard_again(since: Timestamp) {
    output::note(&format!(
        "the hub is heard again; what it was told from {since} until now is in no row here: ask for it by `--since {since}`"
    ));
}
