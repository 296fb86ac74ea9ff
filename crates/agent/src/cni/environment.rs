//! What the container runtime says by the environment.

use super::{
    failure::{Code, Failure},
    version::Version,
};
use crate::socket::PodName;
use std::ffi::OsString;

/// What a variable is, where there is one.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// A pod has been given its addresses.
    Add,
    /// Is it still as it should be.
    Check,
    /// A pod is taken down.
    Delete,
    /// These are all attachments that there are.
    Collect,
    /// Can pods be added.
    Status,
    /// Which versions are spoken.
    Version,
}

impl Verb {
    const ALL: [(&'static str, Self); 6] = [
        ("ADD", Self::Add),
        ("CHECK", Self::Check),
        ("DEL", Self::Delete),
        ("GC", Self::Collect),
        ("STATUS", Self::Status),
        ("VERSION", Self::Version),
    ];

    /// What `CNI_COMMAND` says.
    pub(super) fn read(variables: Variables<'_>) -> Result<Self, Failure> {
        let said = needed(variables, "CNI_COMMAND")?;
        let verb = Self::ALL.into_iter().find(|(name, _)| *name == said);
        verb.map(|(_, verb)| verb).ok_or_else(|| {
            let all = Self::ALL.map(|(name, _)| name).join(", ");
            invalid("CNI_COMMAND", &said, &format!("it is one of {all}"))
        })
    }

    /// The first version in which a runtime may ask for it.
    pub(super) fn since(self) -> Version {
        match self {
            Self::Add | Self::Delete | Self::Version => Version::V0_3_0,
            Self::Check => Version::V0_4_0,
            Self::Collect | Self::Status => Version::V1_1_0,
        }
    }
}

/// Which sandbox is meant, and which interface in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sandbox {
    /// Its identity.
    pub(super) container: String,
    /// The interface.
    pub(super) interface: String,
}

impl Sandbox {
    /// What `CNI_CONTAINERID` and `CNI_IFNAME` say.
    pub(super) fn read(variables: Variables<'_>) -> Result<Self, Failure> {
        let container = needed(variables, "CNI_CONTAINERID")?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if !container.starts_with(|first: char| first.is_ascii_alphanumeric())
            || !container.bytes().all(is_plain)
        {
            let rule = "it begins with a letter or digit and has letters, digits, `_`, `.` and `-`";
            return Err(invalid("CNI_CONTAINERID", &container, rule));
        }
        let interface = needed(variables, "CNI_IFNAME")?;
        let is_odd = |letter: char| matches!(letter, '/' | ':') || letter.is_whitespace();
        if interface.len() > 15 || matches!(interface.as_str(), "." | "..") || interface.contains(is_odd) {
            return Err(invalid("CNI_IFNAME", &interface, "it is the name of no interface"));
        }
        Ok(Self { container, interface })
    }
}

/// The pod that `CNI_ARGS` names; none where it names none. Other arguments are for others.
pub(super) fn pod(variables: Variables<'_>) -> Option<PodName> {
    let arguments = variables("CNI_ARGS")?.into_string().ok()?;
    let argument = |name: &str| {
        let pairs = arguments.split(';').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, value)| key.trim() == name && !value.trim().is_empty());
        values.next().map(|(_, value)| value.trim().to_owned())
    };
    Some(PodName {
        namespace: argument("K8S_POD_NAMESPACE")?,
        name: argument("K8S_POD_NAME")?,
        uid: argument("K8S_POD_UID"),
    })
}

/// The value of a variable without which it does not go.
pub(super) fn needed(variables: Variables<'_>, name: &str) -> Result<String, Failure> {
    match variables(name).map(OsString::into_string) {
        Some(Ok(value)) if !value.is_empty() => Ok(value),
        Some(Err(value)) => Err(invalid(name, &value.to_string_lossy(), "it is not UTF-8")),
        _ => {
            let details = "the program is a CNI plugin: a container runtime calls it, and says by the environment what for";
            Err(Failure::new(Code::Environment, format!("`{name}` is not set")).with_details(details))
        }
    }
}

fn invalid(name: &str, value: &str, rule: &str) -> Failure {
    Failure::new(Code::Environment, format!("`{name}` cannot be `{value}`: {rule}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn with(name: &'static str, value: &'static str) -> impl Fn(&str) -> Option<OsString> {
        move |asked: &str| match asked {
            asked if asked == name => Some(value.into()),
            "CNI_CONTAINERID" => Some("c1".into()),
            "CNI_IFNAME" => Some("eth0".into()),
            _ => None,
        }
    }

    #[test]
    fn verbs_are_those_of_the_specification() {
        assert_eq!(Verb::read(&with("CNI_COMMAND", "GC")), Ok(Verb::Collect));
        for said in ["", "add", "ADD ", "UPDATE"] {
            let failure = Verb::read(&with("CNI_COMMAND", said)).unwrap_err();
            assert_eq!(failure.code, Code::Environment);
            assert!(failure.message.contains("`CNI_COMMAND`"), "{failure:?}");
        }
        let bytes = |_: &str| Some(OsString::from_vec(vec![0xff]));
        assert!(Verb::read(&bytes).unwrap_err().message.contains("UTF-8"));
    }

    #[test]
    fn a_sandbox_has_names_that_can_be() {
        let read = |name, value| Sandbox::read(&with(name, value)).map_err(|failure| failure.message);
        let sandbox = Sandbox { container: "0a.B_c-".to_owned(), interface: "eth0".to_owned() };
        assert_eq!(read("CNI_CONTAINERID", "0a.B_c-"), Ok(sandbox));
        for id in ["", "-a", "a/b", "../a", "a b", "a\n", "\u{e9}"] {
            assert!(read("CNI_CONTAINERID", id).is_err_and(|why| why.contains("`CNI_CONTAINERID`")), "{id}");
        }
        for name in ["", ".", "..", "a/b", "a:b", "a b", "sixteen-letters!"] {
            assert!(read("CNI_IFNAME", name).is_err_and(|why| why.contains("`CNI_IFNAME`")), "{name}");
        }
    }

    #[test]
    fn a_pod_is_named_by_the_arguments() {
        let read = |value| pod(&with("CNI_ARGS", value));
        let named = |uid: Option<&str>| {
            let (namespace, name) = ("shop".to_owned(), "web".to_owned());
            Some(PodName { namespace, name, uid: uid.map(str::to_owned) })
        };
        let all = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u1";
        assert_eq!(read(all), named(Some("u1")));
        assert_eq!(read("K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web"), named(None), "an older runtime");
        assert_eq!(read("K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID="), named(None));
        for none in ["", ";;=;=a;a", "K8S_POD_NAME=web", "K8S_POD_NAMESPACE=;K8S_POD_NAME=web"] {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(pod(&|_| None), None);
    }
}
