//! How a process begins to log, and ends.

use crate::args::{LogFormat, LogLevel};
use anyhow::Context;
use std::time::Duration;
use tracing::info;
use tracing_subscriber::EnvFilter;

/// Begins to log.
pub(super) fn log(level: LogLevel, format: LogFormat) -> anyhow::Result<()> {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    let filter = EnvFilter::try_new(format!("off,sekisho={level}")).context("the log cannot be set up")?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.with_ansi(false).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Ends some time after somebody asks for it.
pub(super) async fn ended(grace: Duration) -> anyhow::Result<()> {
    let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = asked.recv() => {
            info!("asked to end");
            tokio::time::sleep(grace).await;
        }
        found = tokio::signal::ctrl_c() => found?,
    }
    Ok(())
}
