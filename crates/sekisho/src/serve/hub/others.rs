//! Who else is told of what comes, as the arguments say.

use super::{place::secret, policies::Exceptions};
use crate::{
    args::{ExceptionArgs, TellingArgs},
    check::scope::agreed,
    input::{self, rego::Unreadable},
    settings,
};
use anyhow::{Context, bail};
use sekisho_flow::otlp::Teller;
use sekisho_history::{
    HttpError, alert,
    alert::Receiver,
    export,
    export::Collector,
    telling::{Telling, To},
};
use sekisho_lint::config::Config;
use std::time::Duration;

/// How long it is remembered what flowed and what was denied.
pub(super) fn memory(arguments: &TellingArgs) -> Duration {
    Duration::from_secs(u64::from(arguments.news_after_days) * 24 * 3600)
}

/// Whether somebody is told of alerts.
pub(super) fn has_receivers(arguments: &TellingArgs) -> bool {
    !(arguments.alertmanager.is_empty() && arguments.alert_webhook.is_empty())
}

/// The exceptions that are looked at, where a catalog is named; `Err` within, where it cannot be read, which is told already.
pub(super) fn exceptions(arguments: &TellingArgs) -> anyhow::Result<Result<Option<Exceptions>, Unreadable>> {
    let ExceptionArgs { catalog, environment, exceptions_every } = &arguments.exceptions;
    let Some(catalog) = catalog else { return Ok(Ok(None)) };
    if !has_receivers(arguments) {
        bail!("`--catalog` is for alerts: say by `--alertmanager` or `--alert-webhook` who is told of them");
    }
    let team = settings::read::<Config>(Some(catalog))?;
    if !input::tell(&team.diagnostics, &team.sources, "the catalog")? {
        return Ok(Err(Unreadable));
    }
    let standard = agreed(environment.as_deref(), &team)?;
    Ok(Ok(Some(Exceptions { standard, every: Duration::from_secs(*exceptions_every) })))
}

/// Begins to tell them.
pub(super) fn start(arguments: &TellingArgs) -> anyhow::Result<Telling> {
    let mut collector = arguments.otlp.as_deref().map(Collector::new).transpose().context("`--otlp`")?;
    if let Some(file) = &arguments.otlp_authorization_file {
        let text = secret(file)?;
        collector = collector.map(|collector| collector.authorized(&text)).transpose()?;
    }
    let of = |urls: &[String], receiver: fn(&str) -> Result<Receiver, HttpError>| {
        urls.iter().map(|url| receiver(url)).collect::<Result<Vec<_>, _>>()
    };
    let mut receivers = of(&arguments.alertmanager, Receiver::alertmanager).context("`--alertmanager`")?;
    receivers.extend(of(&arguments.alert_webhook, Receiver::webhook).context("`--alert-webhook`")?);
    let teller =
        Teller { version: env!("CARGO_PKG_VERSION").to_owned(), cluster: arguments.cluster_name.clone() };
    let to = To { collector, receivers, teller, about: String::new() };
    let limits = alert::Limits { memory: memory(arguments), ..alert::Limits::default() };
    Ok(Telling::start(to, limits, export::Limits::default())?)
}
