//! Who else is told of what comes, as the arguments say.

use super::place::secret;
use crate::args::TellingArgs;
use anyhow::Context;
use sekisho_flow::otlp::Teller;
use sekisho_history::{
    HttpError, alert,
    alert::Receiver,
    export,
    export::Collector,
    telling::{Telling, To},
};
use std::time::Duration;

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
    let memory = Duration::from_secs(u64::from(arguments.news_after_days) * 24 * 3600);
    let limits = alert::Limits { memory, ..alert::Limits::default() };
    Ok(Telling::start(to, limits, export::Limits::default())?)
}
