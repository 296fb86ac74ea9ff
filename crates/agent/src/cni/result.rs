//! What the plugins before this one gave the pod.

use super::{
    config::Config,
    failure::{Code, Failure},
    version::Version,
};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, net::IpAddr};

/// What is to be done where there is no result with addresses.
pub(super) const CHAINED: &str =
    "the plugin is chained behind the one that gives pods their addresses: let it be the last of `plugins`";

/// The addresses of the pod: those of interfaces in its sandbox, and those of which is not told where
/// they are.
///
/// # Errors
///
/// Where it has none, or what is there makes no sense.
pub(super) fn addresses(result: &Map<String, Value>) -> Result<BTreeSet<IpAddr>, Failure> {
    let wrong = |what: &str| Failure::new(Code::Config, format!("`prevResult` {what}"));
    let list = |name: &str| match result.get(name) {
        None | Some(Value::Null) => Ok(&[][..]),
        Some(Value::Array(list)) => Ok(list.as_slice()),
        Some(_) => Err(wrong(&format!("has `{name}` that are not a list"))),
    };
    let interfaces = list("interfaces")?;
    let mut addresses = BTreeSet::new();
    for ip in list("ips")? {
        let written = ip.get("address").and_then(Value::as_str);
        let written = written.ok_or_else(|| wrong("has an entry of `ips` without an `address`"))?;
        let address =
            address(written).ok_or_else(|| wrong(&format!("has `{written}`, which is no address")))?;
        if is_of_pod(ip, interfaces)
            .ok_or_else(|| wrong(&format!("has `{written}` at an interface that it does not name")))?
        {
            addresses.insert(address);
        }
    }
    if addresses.is_empty() {
        return Err(wrong("has no address of the pod").with_details(CHAINED));
    }
    Ok(addresses)
}

/// An address as it is written with the length of its prefix. None where there cannot be a pod at it.
fn address(written: &str) -> Option<IpAddr> {
    let (address, length) = written.split_once('/').unwrap_or((written, "0"));
    let address = address.parse::<IpAddr>().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let address = address.to_canonical();
    let can_be = !address.is_unspecified() && !address.is_multicast() && !address.is_loopback();
    (length.parse::<u8>().is_ok_and(|length| length <= most) && can_be).then_some(address)
}

/// Whether it is at an interface in the sandbox. None where there is no such interface.
fn is_of_pod(ip: &Value, interfaces: &[Value]) -> Option<bool> {
    match ip.get("interface") {
        None | Some(Value::Null) => Some(true),
        Some(number) => {
            let interface = interfaces.get(usize::try_from(number.as_u64()?).ok()?)?;
            let sandbox = interface.get("sandbox").and_then(Value::as_str);
            Some(sandbox.is_some_and(|sandbox| !sandbox.is_empty()))
        }
    }
}

/// The result of the plugins before this one as that of this one: as it is written, where it is of the
/// version of the configuration.
pub(super) fn pass_on(config: &Config, result: &Map<String, Value>) -> String {
    if result.get("cniVersion").and_then(Value::as_str) == Some(config.version.name()) {
        return format!("{}\n", config.previous_text());
    }
    let mut result = result.clone();
    result.insert("cniVersion".to_owned(), config.version.name().into());
    let ips = result.get_mut("ips").and_then(Value::as_array_mut).into_iter().flatten();
    for ip in ips.filter_map(Value::as_object_mut) {
        match family(ip) {
            Some(family) if config.version < Version::V1_0_0 => {
                drop(ip.insert("version".to_owned(), family.into()))
            }
            _ => drop(ip.remove("version")),
        }
    }
    format!("{}\n", Value::Object(result))
}

fn family(ip: &Map<String, Value>) -> Option<&'static str> {
    let address = ip.get("address")?.as_str()?;
    Some(if address.contains(':') { "6" } else { "4" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(result: Value) -> Result<Vec<String>, String> {
        let found = addresses(result.as_object().unwrap()).map_err(|failure| failure.message)?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn addresses_are_those_in_the_sandbox() {
        let result = json!({
            "interfaces": [{"name": "cni0"}, {"name": "veth1", "sandbox": ""}, {"name": "eth0", "sandbox": "/run/netns/a"}],
            "ips": [
                {"address": "10.0.0.1/24", "interface": 0},
                {"address": "10.0.0.2/24", "interface": 1},
                {"address": "10.0.0.3/24", "interface": 2},
                {"address": "fd00::3/64", "interface": 2},
            ],
        });
        assert_eq!(read(result), Ok(vec!["10.0.0.3".to_owned(), "fd00::3".to_owned()]));
    }

    #[test]
    fn addresses_may_be_at_no_interface() {
        let result = json!({"ips": [{"version": "4", "address": "10.0.0.3/32"}, {"address": "::ffff:10.0.0.4/128", "interface": null}]});
        assert_eq!(read(result), Ok(vec!["10.0.0.3".to_owned(), "10.0.0.4".to_owned()]));
        assert_eq!(
            read(json!({"ips": [{"address": "10.0.0.3"}], "interfaces": null})),
            Ok(vec!["10.0.0.3".to_owned()])
        );
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let address = |written: &str| json!({"ips": [{"address": written}]});
        for written in [
            "",
            "/",
            "10.0.0.3/33",
            "10.0.0.3/-1",
            "10.0.0.3/24/24",
            "10.0.0",
            "fd00::1/129",
            "0.0.0.0/0",
            "127.0.0.1/8",
            "ff02::1/128",
            "name",
        ] {
            assert_eq!(
                read(address(written)),
                Err(format!("`prevResult` has `{written}`, which is no address"))
            );
        }
        for at in [json!(0), json!(7), json!(-1), json!(u64::MAX), json!("0"), json!([])] {
            let result = json!({"ips": [{"address": "10.0.0.3/24", "interface": at}], "interfaces": []});
            assert!(
                read(result).is_err_and(|why| why.contains("at an interface that it does not name")),
                "{at}"
            );
        }
        for result in
            [json!({}), json!({"ips": null}), json!({"ips": []}), json!({"ip4": {"ip": "10.0.0.3/24"}})]
        {
            assert_eq!(read(result), Err("`prevResult` has no address of the pod".to_owned()));
        }
        for result in [
            json!({"ips": {}}),
            json!({"ips": [1]}),
            json!({"ips": [{}]}),
            json!({"ips": [{"address": 1}]}),
            json!({"interfaces": 1}),
        ] {
            assert!(read(result.clone()).is_err(), "{result}");
        }
    }
}
