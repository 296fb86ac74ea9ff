//! The hub's certificate: read from files, or made here with that of the agents.

use super::metrics::Metrics;
use crate::{
    args::HubTlsArgs,
    serve::tls::{self, Current, Names, Papers},
};
use anyhow::Context;
use sekisho_k8s::{live::Access, watch::Keeper};
use sekisho_tls::{AGENT, Credentials, Files, HUB};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch::Sender;
use tracing::{info, warn};

/// How often it is looked whether files have changed.
const LOOK: Duration = Duration::from_secs(5);

/// Keeps what is shown to those who ask (`current`) and to agents (`told`).
pub(super) async fn keep(
    how: &HubTlsArgs,
    access: &Access,
    current: Arc<Current>,
    told: Sender<Option<Credentials>>,
    metrics: Arc<Metrics>,
) -> anyhow::Result<()> {
    if let (Some(certificate), Some(key), Some(authorities)) = (&how.tls_cert, &how.tls_key, &how.tls_ca) {
        let files =
            Files { certificate: certificate.clone(), key: key.clone(), authorities: authorities.clone() };
        return follow(&files, &current, &told).await;
    }
    let secret =
        how.secret.clone().context("give `--secret`, or `--tls-cert`, `--tls-key` and `--tls-ca`")?;
    let agents = how.agent_secret.clone().context("`--secret` needs `--agent-secret`")?;
    let keeper = Keeper::prepare(access, secret, None).await?;
    let agents = Keeper::prepare(access, agents, None).await?;
    let lifetime = how.certificate_lifetime;
    let hosts = [HUB.to_owned()].into_iter().chain(how.host.iter().cloned()).collect();
    let names = Names { hosts, lifetime, asks: true };
    let of_agents = Names { hosts: vec![AGENT.to_owned()], lifetime, asks: false };
    let shown = move |papers: &Papers| {
        metrics.set_expiry(i64::try_from(papers.leaf.until).unwrap_or(i64::MAX));
        told.send_replace(Some(Credentials {
            certificate: papers.leaf.certificate.clone(),
            key: papers.leaf.key.clone(),
            authorities: papers.leaf.authorities.clone(),
        }));
    };
    tls::follow_own(tls::Own { keeper, names, current, shown, also: Some((agents, of_agents)) }).await;
    Ok(())
}

/// Shows what is in the files, and what will be.
async fn follow(files: &Files, current: &Current, told: &Sender<Option<Credentials>>) -> anyhow::Result<()> {
    let show = |credentials: &Credentials| {
        credentials.asking()?;
        current.show(&credentials.certificate, &credentials.key)?;
        told.send_replace(Some(credentials.clone()));
        anyhow::Ok(())
    };
    let mut shown = files.read()?;
    show(&shown)?;
    loop {
        tokio::time::sleep(LOOK).await;
        // Of files that are written one after the other the first is of no use alone; it is tried again.
        let read = files.read().map_err(anyhow::Error::from);
        match read.and_then(|read| if read == shown { Ok(None) } else { show(&read).map(|()| Some(read)) }) {
            Ok(None) => {}
            Ok(Some(read)) => {
                info!("the certificate was read again");
                shown = read;
            }
            Err(error) => warn!("the certificate stays as it was: {error:#}"),
        }
    }
}
