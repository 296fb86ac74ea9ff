//! What an admission webhook keeps in its cluster: its certificates in a Secret, and in its configuration who signs them.

use crate::live::{Access, LiveError, connect, error};
use k8s_openapi::{
    ByteString,
    api::{admissionregistration::v1::ValidatingWebhookConfiguration, core::v1::Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, Client, api::PostParams};
use sekisho_core::object::ObjectKey;
use std::{collections::BTreeMap, fmt};

/// The status of HTTP when somebody else was faster.
const CONFLICT: u16 = 409;

/// Reads and writes a Secret, which others may write as well, and a configuration of webhooks.
pub struct Keeper {
    client: Client,
    secret: ObjectKey,
    webhook: Option<String>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("secret", &self.secret)
            .field("webhook", &self.webhook)
            .finish_non_exhaustive()
    }
}

/// What a Secret has.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its version.
    version: String,
    /// Its entries.
    pub entries: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it says is secret.
        f.debug_struct("Kept").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Makes ready; no packet is sent yet. Of `access` the time limit does not count.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub async fn prepare(
        access: &Access,
        secret: ObjectKey,
        webhook: Option<String>,
    ) -> Result<Self, LiveError> {
        Ok(Self { client: connect::watching(access).await?, secret, webhook })
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.secret.namespace)
    }

    /// What the Secret has; `None` where there is none.
    ///
    /// # Errors
    /// When the API server does not tell, in words.
    pub async fn read(&self) -> Result<Option<Kept>, String> {
        let found = self.secrets().get_opt(&self.secret.name).await;
        let found = found
            .map_err(|error| format!("cannot read the Secret {}: {}", self.secret, error::chain(&error)))?;
        Ok(found.map(|secret| Kept {
            version: secret.metadata.resource_version.unwrap_or_default(),
            entries: secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect(),
        }))
    }

    /// Writes the Secret, unless somebody else did since `before` was read; `false` then.
    ///
    /// # Errors
    /// When the API server does not take it, in words.
    pub async fn write(
        &self,
        before: Option<&Kept>,
        entries: BTreeMap<String, Vec<u8>>,
    ) -> Result<bool, String> {
        let data = entries.into_iter().map(|(key, value)| (key, ByteString(value))).collect();
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(self.secret.name.to_string()),
                namespace: Some(self.secret.namespace.to_string()),
                resource_version: before.map(|kept| kept.version.clone()),
                ..ObjectMeta::default()
            },
            data: Some(data),
            ..Secret::default()
        };
        let how = PostParams::default();
        let written = match before {
            Some(_) => self.secrets().replace(&self.secret.name, &how, &secret).await,
            None => self.secrets().create(&how, &secret).await,
        };
        self.unless_others(written.map(drop), &format!("write the Secret {}", self.secret))
    }

    /// Tells the configuration who signs the certificates: `true` where it said something else.
    ///
    /// # Errors
    /// When it is not there, or the API server does not take it, in words.
    pub async fn announce(&self, bundle: &[u8]) -> Result<bool, String> {
        let Some(name) = &self.webhook else { return Ok(false) };
        let api: Api<ValidatingWebhookConfiguration> = Api::all(self.client.clone());
        let cannot = |error: kube::Error| {
            format!("cannot read the ValidatingWebhookConfiguration {name}: {}", error::chain(&error))
        };
        let mut configuration = api.get(name).await.map_err(cannot)?;
        let mut differs = false;
        for webhook in configuration.webhooks.iter_mut().flatten() {
            let said = &mut webhook.client_config.ca_bundle;
            if said.as_ref().is_none_or(|said| said.0 != bundle) {
                *said = Some(ByteString(bundle.to_vec()));
                differs = true;
            }
        }
        if !differs {
            return Ok(false);
        }
        // It has the version that was read: what somebody else writes meanwhile is not written over.
        let written = api.replace(name, &PostParams::default(), &configuration).await;
        self.unless_others(written.map(drop), &format!("write the ValidatingWebhookConfiguration {name}"))
    }

    /// Whether something was written, or somebody else was faster.
    fn unless_others(&self, written: Result<(), kube::Error>, what: &str) -> Result<bool, String> {
        match written {
            Ok(()) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == CONFLICT => Ok(false),
            Err(error) => Err(format!("cannot {what}: {}", error::chain(&error))),
        }
    }
}
