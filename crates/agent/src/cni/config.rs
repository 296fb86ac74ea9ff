//! The network configuration.

use super::{
    failure::{Code, Failure},
    json,
    version::Version,
};
use crate::args::SOCKET;
use serde_json::{Map, Value};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

/// How long the agent may take, in seconds, where the configuration does not say.
const PATIENCE: u64 = 10;
/// The longest that it may be told to take, in seconds: the kubelet gives up after four minutes.
const LONGEST: u64 = 200;

/// The configuration of the plugin in a network. What it does not know it leaves to others: runtimes add
/// fields.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Config {
    text: String,
    fields: Map<String, Value>,
    /// The version of the specification.
    pub(super) version: Version,
    /// The name of the network.
    pub(super) network: String,
    /// Where the agent answers.
    pub(super) socket: PathBuf,
    /// How long it may take.
    pub(super) patience: Duration,
}

impl Config {
    /// Reads it; `version` is what it is of, as soon as that is known.
    pub(super) fn read(text: String, version: &mut Version) -> Result<Self, Failure> {
        let fields = match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err(Failure::new(Code::Decode, "the network configuration is not an object")),
            Err(error) => {
                let why = format!("the network configuration cannot be read: {error}");
                return Err(Failure::new(Code::Decode, why));
            }
        };
        *version = Version::configured(string(&fields, "cniVersion")?)?;
        let network = string(&fields, "name")?.unwrap_or_default().to_owned();
        if network.is_empty() {
            return Err(Failure::new(Code::Config, "the network configuration has no `name`"));
        }
        let socket = PathBuf::from(string(&fields, "socket")?.unwrap_or(SOCKET));
        if !socket.is_absolute() {
            let why = format!("`socket` must be an absolute path, not `{}`", socket.display());
            return Err(Failure::new(Code::Config, why));
        }
        let patience = patience(&fields)?;
        Ok(Self { text, fields, version: *version, network, socket, patience })
    }

    /// What the plugins before this one gave.
    pub(super) fn previous(&self) -> Result<Option<&Map<String, Value>>, Failure> {
        match self.fields.get("prevResult") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(result)) => Ok(Some(result)),
            Some(other) => Err(wrong("prevResult", "an object", other)),
        }
    }

    /// The same as it is written.
    pub(super) fn previous_text(&self) -> &str {
        let place = json::member(&self.text, "prevResult");
        place.and_then(|place| self.text.get(place)).unwrap_or_default()
    }

    /// All attachments that the network has, as sandbox and interface. Runtimes write them by two names:
    /// a library that many use had the wrong one first.
    pub(super) fn attachments(&self) -> Result<BTreeSet<(String, String)>, Failure> {
        const NAME: &str = "cni.dev/valid-attachments";
        let list = match self.fields.get(NAME).or_else(|| self.fields.get("cni.dev/attachments")) {
            Some(Value::Array(list)) => list,
            // What is not told is not nothing: all pods would lose what they were given.
            None | Some(Value::Null) => {
                return Err(Failure::new(Code::Config, format!("`{NAME}` is missing")));
            }
            Some(other) => return Err(wrong(NAME, "a list", other)),
        };
        let text = |entry: &Value, name| entry.get(name).and_then(Value::as_str).map(str::to_owned);
        let read = |entry: &Value| {
            let attachment = text(entry, "containerID").zip(text(entry, "ifname"));
            attachment.ok_or_else(|| wrong(NAME, "a list of `containerID` and `ifname`", entry))
        };
        list.iter().map(read).collect()
    }
}

fn patience(fields: &Map<String, Value>) -> Result<Duration, Failure> {
    const NAME: &str = "timeoutSeconds";
    let seconds = match fields.get(NAME) {
        None | Some(Value::Null) => PATIENCE,
        Some(value) => value.as_u64().ok_or_else(|| wrong(NAME, "a whole number of seconds", value))?,
    };
    if !(1..=LONGEST).contains(&seconds) {
        return Err(Failure::new(
            Code::Config,
            format!("`{NAME}` must be from 1 to {LONGEST}, not {seconds}"),
        ));
    }
    Ok(Duration::from_secs(seconds))
}

fn string<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Failure> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong(name, "a string", other)),
    }
}

fn wrong(name: &str, should: &str, is: &Value) -> Failure {
    let mut written = is.to_string();
    if written.chars().count() > 40 {
        written = written.chars().take(40).chain(['…']).collect();
    }
    Failure::new(Code::Decode, format!("`{name}` must be {should}, not `{written}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Failure> {
        Config::read(text.to_owned(), &mut Version::LATEST.clone())
    }

    fn refused(text: &str) -> (Code, String) {
        let failure = read(text).unwrap_err();
        (failure.code, failure.message)
    }

    #[test]
    fn what_is_not_said_has_defaults() {
        let config = read(
            r#"{"cniVersion": "0.3.1", "name": "cbr0", "type": "sekisho-cni", "runtimeConfig": {"mac": 1}}"#,
        )
        .unwrap();
        assert_eq!(config.version, Version::V0_3_1);
        assert_eq!(config.socket, PathBuf::from("/run/sekisho/agent.sock"));
        assert_eq!(config.patience, Duration::from_secs(10));
        assert_eq!(config.previous(), Ok(None));
    }

    #[test]
    fn what_makes_no_sense_is_told_by_its_name() {
        let with = |fields: &str| refused(&format!(r#"{{"cniVersion": "1.0.0", "name": "n", {fields}}}"#));
        assert_eq!(with(r#""socket": 1"#), (Code::Decode, "`socket` must be a string, not `1`".to_owned()));
        assert_eq!(with(r#""socket": "a/b""#).0, Code::Config);
        for value in [r#""10""#, "-1", "1.5", "[]"] {
            let (code, why) = with(&format!(r#""timeoutSeconds": {value}"#));
            assert_eq!((code, why.contains("`timeoutSeconds`")), (Code::Decode, true), "{value}: {why}");
        }
        for value in ["0", "201", "18446744073709551615"] {
            assert_eq!(with(&format!(r#""timeoutSeconds": {value}"#)).0, Code::Config, "{value}");
        }
        assert_eq!(refused(r#"{"cniVersion": "1.0.0"}"#).0, Code::Config, "no name");
        for text in ["", "null", "[]", "{", "{\"cniVersion\": 1}", "\u{feff}{}"] {
            assert_eq!(refused(text).0, Code::Decode, "{text}");
        }
    }

    #[test]
    fn versions_are_those_with_chains() {
        for version in ["", "0.1.0", "0.2.0", "1.0", "1.2.0", "v1.0.0"] {
            let (code, why) = refused(&format!(r#"{{"cniVersion": "{version}", "name": "n"}}"#));
            assert_eq!((code, why.contains(version)), (Code::Version, true));
        }
        assert_eq!(refused(r#"{"name": "n"}"#).0, Code::Version);
    }

    #[test]
    fn a_long_value_is_told_in_short() {
        let text = format!(r#"{{"cniVersion": "1.0.0", "name": ["{}"]}}"#, "é".repeat(10_000));
        assert!(refused(&text).1.len() < 150);
    }

    #[test]
    fn attachments_are_read_or_refused() {
        let with = |fields: &str| {
            let config = read(&format!(r#"{{"cniVersion": "1.1.0", "name": "n" {fields}}}"#)).unwrap();
            config.attachments().map_err(|failure| failure.code)
        };
        let list = r#"[{"containerID": "c1", "ifname": "eth0"}]"#;
        let read = BTreeSet::from([("c1".to_owned(), "eth0".to_owned())]);
        assert_eq!(with(&format!(r#", "cni.dev/valid-attachments": {list}"#)), Ok(read.clone()));
        assert_eq!(with(&format!(r#", "cni.dev/attachments": {list}"#)), Ok(read));
        assert_eq!(with(r#", "cni.dev/valid-attachments": []"#), Ok(BTreeSet::new()));
        assert_eq!(with(""), Err(Code::Config));
        for list in ["{}", "[1]", r#"[{"containerID": "c1"}]"#, r#"[{"containerID": 1, "ifname": "eth0"}]"#] {
            assert_eq!(
                with(&format!(r#", "cni.dev/valid-attachments": {list}"#)),
                Err(Code::Decode),
                "{list}"
            );
        }
    }
}
