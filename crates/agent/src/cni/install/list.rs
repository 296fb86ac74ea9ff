//! The plugin in the text of a network's configuration list: around it, everything stays as it is written.

use crate::{
    args::SOCKET,
    cni::{
        NAME,
        json::{elements, member},
        version::Version,
    },
};
use serde_json::{Map, Value};
use std::{ops::Range, path::Path};
use thiserror::Error;

/// Why a configuration is left as it is.
#[derive(Debug, Error)]
pub(super) enum ListError {
    /// It is no JSON.
    #[error("cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another shape.
    #[error("is no network configuration: {0}")]
    Shape(&'static str),
    /// The runtime would refuse the network.
    #[error("is of version `{0}` of the CNI specification, and the plugin speaks {known}", known = Version::ALL.map(Version::name).join(", "))]
    Version(String),
    /// There would be none left.
    #[error("has no plugin but `{NAME}`: take the network out instead")]
    Alone,
}

/// The list with the plugin as the last one. None where it is there already, in whatever place.
pub(super) fn with_plugin(text: &str, socket: &Path) -> Result<Option<String>, ListError> {
    let list = object(text)?;
    check_version(&list)?;
    let (places, plugins) = plugins(text, &list)?;
    let is_it = |(_, plugin): &(_, &Value)| is_ours(plugin);
    if let Some((place, plugin)) = places.iter().zip(plugins).find(is_it) {
        return Ok(with_socket(text, place, plugin, socket));
    }
    let last = places.last().ok_or(ListError::Shape("`plugins` is empty"))?;
    // The plugin stands on a line as the one before it does.
    let before = text.get(..last.start).unwrap_or_default();
    let lead = before.get(before.trim_end().len()..).unwrap_or_default();
    Ok(Some(replaced(text, last.end..last.end, &format!(",{lead}{}", entry(socket)))))
}

/// The list without the plugin. None where it is not there.
pub(super) fn without_plugin(text: &str) -> Result<Option<String>, ListError> {
    let list = object(text)?;
    let (places, plugins) = plugins(text, &list)?;
    let Some(at) = plugins.iter().position(is_ours) else { return Ok(None) };
    let place = |at: usize| places.get(at).cloned();
    let here = place(at).ok_or(ListError::Shape("`plugins` are written in an odd way"))?;
    let cut = match (at.checked_sub(1).and_then(place), place(at + 1)) {
        (Some(before), _) => before.end..here.end,
        (None, Some(behind)) => here.start..behind.start,
        (None, None) => return Err(ListError::Alone),
    };
    Ok(Some(replaced(text, cut, "")))
}

/// A list of the same network as a lone configuration, and the plugin behind it.
pub(super) fn of_lone(text: &str, socket: &Path) -> Result<String, ListError> {
    let lone = object(text)?;
    check_version(&lone)?;
    let field = |name: &str| lone.get(name).and_then(Value::as_str);
    let name = field("name").ok_or(ListError::Shape("it has no `name`"))?;
    field("type").ok_or(ListError::Shape("it has no `type`"))?;
    let version = field("cniVersion").unwrap_or_default();
    let [version, name] = [version, name].map(|text| Value::from(text).to_string());
    let (lone, entry) = (text.trim(), entry(socket));
    Ok(format!(
        "{{\n  \"cniVersion\": {version},\n  \"name\": {name},\n  \"plugins\": [\n{lone},\n{entry}\n  ]\n}}\n"
    ))
}

fn object(text: &str) -> Result<Map<String, Value>, ListError> {
    match serde_json::from_str(text)? {
        Value::Object(object) => Ok(object),
        _ => Err(ListError::Shape("it is not an object")),
    }
}

/// With a version that the plugin does not speak, the node could add no pod at all.
fn check_version(network: &Map<String, Value>) -> Result<(), ListError> {
    let several = network.get("cniVersions").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> =
        network.get("cniVersion").into_iter().chain(several).filter_map(Value::as_str).collect();
    match names.iter().any(|name| Version::of(name).is_some()) {
        true => Ok(()),
        // As the specification has it for one that names none.
        false if names.is_empty() => Err(ListError::Version("0.1.0".to_owned())),
        false => Err(ListError::Version(names.join(", "))),
    }
}

/// The plugins of a list, and where they are written.
fn plugins<'a>(
    text: &str,
    list: &'a Map<String, Value>,
) -> Result<(Vec<Range<usize>>, &'a [Value]), ListError> {
    let plugins = list.get("plugins").ok_or(ListError::Shape("it has no `plugins`"))?;
    let plugins = plugins.as_array().ok_or(ListError::Shape("its `plugins` are not a list"))?;
    let places = member(text, "plugins").map(|place| elements(text, place.start)).unwrap_or_default();
    // Where a name is there twice, readers differ in which of the two they take.
    let is_read = |(place, plugin): (&Range<usize>, &Value)| {
        text.get(place.clone()).and_then(|text| serde_json::from_str::<Value>(text).ok()).as_ref()
            == Some(plugin)
    };
    if places.len() != plugins.len() || !places.iter().zip(plugins).all(is_read) {
        return Err(ListError::Shape("it has `plugins` more than once"));
    }
    if !plugins.iter().all(|plugin| plugin.get("type").is_some_and(Value::is_string)) {
        return Err(ListError::Shape("a plugin has no `type`"));
    }
    Ok((places, plugins))
}

fn is_ours(plugin: &Value) -> bool {
    plugin.get("type").and_then(Value::as_str) == Some(NAME)
}

fn entry(socket: &Path) -> String {
    format!("{{ \"type\": \"{NAME}\", \"socket\": {} }}", written(socket))
}

fn written(socket: &Path) -> Value {
    socket.to_string_lossy().into_owned().into()
}

/// The list with another socket in the plugin's entry, where it is another.
fn with_socket(text: &str, place: &Range<usize>, plugin: &Value, socket: &Path) -> Option<String> {
    let is = plugin.get("socket").and_then(Value::as_str).unwrap_or(SOCKET);
    if Path::new(is) == socket {
        return None;
    }
    let socket = written(socket);
    let entry = text.get(place.clone())?;
    match member(entry, "socket") {
        Some(value) => {
            Some(replaced(text, place.start + value.start..place.start + value.end, &socket.to_string()))
        }
        None => Some(replaced(text, place.start + 1..place.start + 1, &format!(" \"socket\": {socket},"))),
    }
}

fn replaced(text: &str, place: Range<usize>, by: &str) -> String {
    let before = text.get(..place.start).unwrap_or_default();
    let behind = text.get(place.end..).unwrap_or_default();
    format!("{before}{by}{behind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{ "plugins" : [{"type":"a", "x": [1, "]\\"]},
      {"type": "sekisho-cni", "socket" : "/s"} ], "cniVersion":"1.0.0", "name":"n", "type":"t" }"#;

    /// Whatever is broken in a list, it is refused, or becomes a list that is the same but for the plugin.
    #[test]
    fn a_broken_list_is_refused_or_stays_what_it_is() {
        let socket = Path::new("/run/a \"b\\.sock");
        let mut changed = 0;
        for at in (0..=LIST.len()).filter(|at| LIST.is_char_boundary(*at)) {
            for by in ["", "{", "}", "[", "]", "\"", ",", ":", "\\", "\0", "é", "null", "\"plugins\":[],"] {
                for end in [at, (at + 1).min(LIST.len())] {
                    let text = replaced(LIST, at..end, by);
                    let _ = of_lone(&text, socket).map(|list| object(&list).unwrap());
                    if let Ok(Some(with)) = with_plugin(&text, socket) {
                        let (_, list) =
                            (plugins(&with, &object(&with).unwrap()).unwrap(), object(&with).unwrap());
                        let ours = list["plugins"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .find(|plugin| is_ours(plugin))
                            .unwrap();
                        assert_eq!(ours["socket"].as_str(), socket.to_str(), "{with}");
                        assert_eq!(with_plugin(&with, socket).unwrap(), None, "{with}");
                        assert!(without_plugin(&with).unwrap().is_some(), "{with}");
                        changed += 1;
                    }
                }
            }
        }
        assert!(changed > 100, "{changed}");
    }
}
