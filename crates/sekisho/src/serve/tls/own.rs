//! Certificates of our own, which all replicas share: whoever sees that they are due makes new ones, and nobody leads.

use super::{
    Current,
    authority::{Leaf, Names, Papers},
};
use sekisho_k8s::watch::Keeper;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tracing::{info, warn};

/// The longest time between two looks.
const LOOK: u64 = 60;
/// For how long what the former authority has signed is shown to others, in seconds: a kubelet brings them the Secret that says
/// who signs now within a minute and a half (its sync period, and how long it takes what it has heard of to be so).
const LAG: u64 = 120;
/// How long it takes to try again.
const AGAIN: Duration = Duration::from_secs(2);

/// Keeps the certificates, and the configuration that says who signs them.
pub(in crate::serve) struct Own<F> {
    /// Where they are kept.
    pub(in crate::serve) keeper: Keeper,
    /// The names by which others ask.
    pub(in crate::serve) names: Names,
    /// The certificate that is shown.
    pub(in crate::serve) current: Arc<Current>,
    /// Is told what is shown.
    pub(in crate::serve) shown: F,
    /// For whom else the authority signs, and where that is kept.
    pub(in crate::serve) also: Option<(Keeper, Names)>,
}

/// What is shown.
#[derive(Default)]
struct Shown {
    papers: Option<Papers>,
    /// Until when what the former authority has signed is.
    former: Option<Instant>,
}

/// Keeps them for ever.
pub(in crate::serve) async fn follow<F: Fn(&Papers)>(own: Own<F>) {
    let pause = Duration::from_secs((own.names.lifetime / 20).clamp(1, LOOK));
    let mut shown = Shown::default();
    loop {
        match own.look(&mut shown).await {
            Ok(()) => tokio::time::sleep(pause).await,
            Err(why) => {
                warn!("the certificates are not in order: {why}");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

impl<F: Fn(&Papers)> Own<F> {
    async fn look(&self, shown: &mut Shown) -> Result<(), String> {
        let papers = self.papers().await?;
        // Of a new authority others know before anything that it signed is shown to them.
        self.sign_for_others(&papers).await?;
        // The API server is told of an authority before anything that it signed is shown.
        let announced = self.keeper.announce(&papers.leaf.authorities).await;
        if let Ok(true) = announced {
            info!("the configuration was told who signs the certificates");
        }
        let papers = self.to_show(shown, papers);
        if shown.papers.as_ref() != Some(&papers) && (announced.is_ok() || !self.current.is_there()) {
            let shows = self.current.show(&papers.leaf.certificate, &papers.leaf.key);
            shows.map_err(|error| format!("the Secret has no certificate that can be shown: {error:#}"))?;
            (self.shown)(&papers);
            info!(until = papers.leaf.until, "another certificate is shown");
            shown.papers = Some(papers);
        }
        announced.map(drop)
    }

    /// What to show where these papers do: of others not all know a new authority at once.
    fn to_show(&self, shown: &mut Shown, papers: Papers) -> Papers {
        let Some(before) = shown.papers.as_ref().filter(|_| self.also.is_some()) else { return papers };
        let now = Instant::now();
        if !before.is_signed_like(&papers) {
            // It is replaced when a third of its time is left.
            shown.former = Some(now + Duration::from_secs(LAG.min(self.names.lifetime / 6)));
        }
        if shown.former.is_some_and(|until| now < until) { papers.showing(before) } else { papers }
    }

    /// The papers that do, made anew where there are none. Of two who make some the slower takes those of the faster.
    async fn papers(&self) -> Result<Papers, String> {
        loop {
            let kept = self.keeper.read().await?;
            let known = kept.as_ref().and_then(|kept| Papers::kept(&kept.entries));
            let now = now();
            if let Some(papers) = known.clone().filter(|papers| papers.do_for(&self.names, now)) {
                return Ok(papers);
            }
            let papers = Papers::make(known.as_ref(), &self.names, now)
                .map_err(|error| format!("no certificate can be made: {error:#}"))?;
            if self.keeper.write(kept.as_ref(), papers.entries()).await? {
                info!("certificates were made");
                return Ok(papers);
            }
        }
    }

    /// Keeps what is signed for others.
    async fn sign_for_others(&self, papers: &Papers) -> Result<(), String> {
        let Some((keeper, names)) = &self.also else { return Ok(()) };
        let kept = keeper.read().await?;
        let known = kept.as_ref().and_then(|kept| Leaf::kept(&kept.entries));
        let now = now();
        if known.is_some_and(|leaf| leaf.does_for(names, papers, now)) {
            return Ok(());
        }
        let leaf =
            papers.sign(names, now).map_err(|error| format!("no certificate can be made: {error:#}"))?;
        // Where somebody else was faster, it is looked again.
        if keeper.write(kept.as_ref(), leaf.entries()).await? {
            info!(names = names.hosts.join(" "), "a certificate was made for others");
        }
        Ok(())
    }
}

/// The time, in seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
