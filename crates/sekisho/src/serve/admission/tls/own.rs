//! Certificates of our own, which all replicas share: whoever sees that they are due makes new ones, and nobody leads.

use super::{super::metrics::Metrics, Current, authority::Papers};
use sekisho_k8s::watch::Keeper;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tracing::{info, warn};

/// The longest time between two looks.
const LOOK: u64 = 60;
/// How long it takes to try again.
const AGAIN: Duration = Duration::from_secs(2);

/// Keeps the certificates, and the configuration that says who signs them.
pub(in super::super) struct Own {
    /// Where they are kept.
    pub(in super::super) keeper: Keeper,
    /// The names by which the API server asks.
    pub(in super::super) hosts: Vec<String>,
    /// How long a certificate is valid, in seconds.
    pub(in super::super) lifetime: u64,
    /// The certificate that is shown.
    pub(in super::super) current: Arc<Current>,
    /// What is counted.
    pub(in super::super) metrics: Arc<Metrics>,
}

/// Keeps them for ever.
pub(in super::super) async fn follow(own: Own) {
    let pause = Duration::from_secs((own.lifetime / 20).clamp(1, LOOK));
    let mut shown = None;
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

impl Own {
    async fn look(&self, shown: &mut Option<Papers>) -> Result<(), String> {
        let papers = self.papers().await?;
        // The API server is told of an authority before anything that it signed is shown.
        let announced = self.keeper.announce(&papers.authorities).await;
        if let Ok(true) = announced {
            info!("the configuration was told who signs the certificates");
        }
        if shown.as_ref() != Some(&papers) && (announced.is_ok() || !self.current.is_there()) {
            let shows = self.current.show(&papers.certificate, &papers.key);
            shows.map_err(|error| format!("the Secret has no certificate that can be shown: {error:#}"))?;
            self.metrics.set_expiry(i64::try_from(papers.until).unwrap_or(i64::MAX));
            info!(until = papers.until, "another certificate is shown");
            *shown = Some(papers);
        }
        announced.map(drop)
    }

    /// The papers that do, made anew where there are none. Of two who make some the slower takes those of the faster.
    async fn papers(&self) -> Result<Papers, String> {
        loop {
            let kept = self.keeper.read().await?;
            let known = kept.as_ref().and_then(|kept| Papers::kept(&kept.entries));
            let now = now();
            if let Some(papers) =
                known.clone().filter(|papers| papers.do_for(&self.hosts, self.lifetime, now))
            {
                return Ok(papers);
            }
            let papers = Papers::make(known.as_ref(), &self.hosts, self.lifetime, now)
                .map_err(|error| format!("no certificate can be made: {error:#}"))?;
            if self.keeper.write(kept.as_ref(), papers.entries()).await? {
                info!("certificates were made");
                return Ok(papers);
            }
        }
    }
}

/// The time, in seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
