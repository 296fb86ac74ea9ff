//! From a kubeconfig to a connection.

use super::{Access, LiveError, error};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use std::{path::Path, sync::atomic::AtomicBool, time::Duration};

/// How long the cluster may be silent in an answer.
const SILENCE: Duration = Duration::from_secs(30);

/// A cluster that can be asked.
pub(super) struct Cluster {
    pub(super) client: Client,
    /// The address, for messages.
    pub(super) url: String,
    /// Who asks, for messages.
    pub(super) who: String,
    /// Whether it ever answered. A connection that breaks later may come back.
    pub(super) answered: AtomicBool,
}

/// Makes ready to ask; no packet is sent yet.
pub(super) async fn connect(access: &Access) -> Result<Cluster, LiveError> {
    let (mut config, who) = config(access).await?;
    config.connect_timeout = Some(SILENCE.min(access.timeout));
    config.read_timeout = Some(SILENCE.min(access.timeout));
    // Retries are counted here, by what was being read.
    config.default_retry = false;
    let url = config.cluster_url.to_string().trim_end_matches('/').to_owned();
    let client = Client::try_from(config)
        .map_err(|found| LiveError::Kubeconfig { reason: error::chain(&found), who: who.clone() })?;
    Ok(Cluster { client, url, who, answered: AtomicBool::new(false) })
}

/// Makes ready to watch. A watch is silent while nothing happens: how long that may take its own limit says.
#[cfg(feature = "watch")]
pub(crate) async fn watching(access: &Access) -> Result<Client, LiveError> {
    let (mut config, who) = config(access).await?;
    config.connect_timeout = Some(SILENCE);
    config.read_timeout = None;
    config.default_retry = false;
    Client::try_from(config).map_err(|found| LiveError::Kubeconfig { reason: error::chain(&found), who })
}

/// The bearer token of who asks, as a kubeconfig or a pod has it; `None` where it has none.
pub(super) async fn token(access: &Access) -> Result<Option<String>, LiveError> {
    let (config, who) = config(access).await?;
    let user = config.auth_info;
    if let Some(path) = &user.token_file {
        let read = std::fs::read_to_string(path);
        let read =
            read.map_err(|found| LiveError::Kubeconfig { reason: format!("`{path}`: {found}"), who })?;
        return Ok(Some(read.trim().to_owned()));
    }
    // It is kept from being printed, but not from being written into a kubeconfig.
    let written = serde_json::to_value(&user).unwrap_or_default();
    Ok(written.get("token").and_then(serde_json::Value::as_str).map(str::to_owned))
}

async fn config(access: &Access) -> Result<(Config, String), LiveError> {
    let kubeconfig = match &access.kubeconfig {
        Some(path) => Kubeconfig::read_from(path).map_err(|found| unreadable(found, Some(path)))?,
        None => match Kubeconfig::read() {
            Ok(kubeconfig) => kubeconfig,
            Err(found) => {
                // In a pod there is no kubeconfig, and no contexts.
                let in_pod = access.context.is_none().then(Config::incluster).and_then(Result::ok);
                let config = in_pod.ok_or_else(|| unreadable(found, None))?;
                return Ok((config, "the service account of this pod".to_owned()));
            }
        },
    };
    let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
    let context = access.context.clone().or_else(|| kubeconfig.current_context.clone());
    let mut contexts: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    contexts.sort();
    let who = format!("context `{}`", context.unwrap_or_default());
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let config = config.map_err(|found| match found {
        KubeconfigError::CurrentContextNotSet => LiveError::NoContext { contexts: contexts.clone() },
        KubeconfigError::LoadContext(name) if name.is_empty() => {
            LiveError::NoContext { contexts: contexts.clone() }
        }
        KubeconfigError::LoadContext(name) => LiveError::UnknownContext { name, contexts: contexts.clone() },
        found => LiveError::Kubeconfig { reason: error::chain(&found), who: who.clone() },
    })?;
    Ok((config, who))
}

fn unreadable(found: KubeconfigError, path: Option<&Path>) -> LiveError {
    let named = path.map(|path| path.display().to_string());
    match found {
        KubeconfigError::ReadConfig(reason, path) => {
            LiveError::NoKubeconfig { path: path.display().to_string(), reason: reason.to_string() }
        }
        found => LiveError::BadKubeconfig {
            path: named.unwrap_or_else(|| "the kubeconfig".to_owned()),
            reason: error::one_line(&error::chain(&found)),
        },
    }
}
