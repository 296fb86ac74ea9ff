//! Following what flows, as the hub comes and goes.

use super::{
    Hub,
    lines::{Broken, flow, lines},
    runtime,
};
use crate::output;
use anyhow::anyhow;
use sekisho_flow::{Timestamp, query::Query, record::Flow};
use std::time::{Duration, Instant};

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
            let mut lasted = None;
            let ended = runtime.block_on(async {
                let body = self.ask("/v1/flows", &following(&query)).await?;
                if let Some(since) = heard {
                    heard_again(since);
                }
                heard = Some(Timestamp::now());
                let begun = Instant::now();
                let mut is_kept = query.period.since.is_some();
                let ended = lines(body, |line| {
                    (heard, lasted) = (Some(Timestamp::now()), Some(begun.elapsed()));
                    is_kept &= !line.is_empty();
                    flow(line)?.map_or(Ok(()), |flow| each(&flow))
                });
                broken_off(ended.await, is_kept)
            });
            let why = match ended {
                Ok(()) => "it has ended its answer".to_owned(),
                Err(Broken::Away(error)) if heard.is_some() => format!("{error:#}"),
                Err(broken) => return Err(broken.into()),
            };
            // One that ends its answers at once is not asked any faster for that.
            if lasted.is_some_and(|lasted| lasted > LONGEST) {
                (pause, said) = (PAUSE, String::new());
            }
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

/// How an answer ended. Of one that ends among what is kept nobody could say how much of it was told: the hub also ends it so
/// where it was read too slowly.
fn broken_off(ended: Result<(), Broken>, is_kept: bool) -> Result<(), Broken> {
    match ended {
        Err(Broken::Away(error)) if is_kept => Err(Broken::Final(error)),
        Ok(()) if is_kept => Err(Broken::Final(anyhow!(
            "the hub has ended its answer before all that it keeps was told: it may have been read too slowly"
        ))),
        ended => ended,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_among_what_is_kept_is_not_asked_again() {
        let away = || Err(Broken::Away(anyhow!("away")));
        assert!(matches!(broken_off(away(), true), Err(Broken::Final(_))));
        assert!(matches!(broken_off(Ok(()), true), Err(Broken::Final(_))));
        assert!(matches!(broken_off(away(), false), Err(Broken::Away(_))));
        assert!(broken_off(Ok(()), false).is_ok());
    }
}
