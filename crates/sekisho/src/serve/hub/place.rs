//! Where the history is.

use crate::args::{ClickHouseArgs, HubArgs};
use anyhow::Context;
use sekisho_history::{Error, History, Target};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// Where the history is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    File(PathBuf),
    ClickHouse(Target),
}

impl Place {
    /// Where the arguments say.
    pub(super) fn of(arguments: &HubArgs) -> anyhow::Result<Self> {
        let ClickHouseArgs {
            clickhouse,
            clickhouse_database,
            clickhouse_user,
            clickhouse_password_file,
            clickhouse_ca,
        } = &arguments.clickhouse;
        match (&arguments.history, clickhouse) {
            (Some(file), _) => Ok(Self::File(file.clone())),
            (None, Some(url)) => Ok(Self::ClickHouse(Target {
                database: clickhouse_database.clone(),
                user: clickhouse_user.clone(),
                password: clickhouse_password_file.as_deref().map(secret).transpose()?,
                authorities: clickhouse_ca.as_deref().map(read).transpose()?,
                ..Target::new(url)
            })),
            (None, None) => {
                anyhow::bail!("where is the history? name a file by `--history`, or a `--clickhouse`")
            }
        }
    }

    /// The history, to write.
    pub(super) fn open(&self) -> Result<History, Error> {
        match self {
            Self::File(path) => History::open(path),
            Self::ClickHouse(target) => History::connect(target),
        }
    }

    /// The history, to ask. Blocks.
    pub(super) fn open_to_ask(&self) -> Result<History, Error> {
        match self {
            Self::File(path) => History::open_to_ask(path),
            Self::ClickHouse(target) => History::connect(target),
        }
    }

    /// For how many hours longer than said records may be kept. ClickHouse writes whole parts of the table anew where some of
    /// it goes, and that is done once a day.
    pub(super) fn slack_hours(&self) -> i64 {
        match self {
            Self::File(_) => 0,
            Self::ClickHouse(_) => 24,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::ClickHouse(target) => f.write_str(&target.url),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// What a file with a secret says, without the line's end that editors write.
pub(super) fn secret(path: &Path) -> anyhow::Result<String> {
    let text = String::from_utf8(read(path)?).with_context(|| format!("`{}`", path.display()))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
