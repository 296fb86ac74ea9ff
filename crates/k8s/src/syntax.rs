//! The rules of names and labels, as in Kubernetes' `apimachinery/pkg/util/validation`. Each returns
//! the reason why not, to follow the name of the field.

/// The longest DNS label, by RFC 1123.
const DNS_LABEL_MAX: usize = 63;
/// The longest DNS subdomain, by RFC 1123.
const DNS_SUBDOMAIN_MAX: usize = 253;
/// The longest value of a label, and the longest name part of its key.
const LABEL_MAX: usize = 63;
/// The longest IANA service name, by RFC 6335.
const PORT_NAME_MAX: usize = 15;

fn lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_dns_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| lower(*byte) || *byte == b'-')
        && bytes.first().copied().is_some_and(lower)
        && bytes.last().copied().is_some_and(lower)
}

fn too_long(text: &str, max: usize) -> Result<(), String> {
    if text.len() <= max {
        return Ok(());
    }
    let start: String = text.chars().take(20).collect();
    Err(format!("`{start}...` has {} characters, and {max} are the most", text.len()))
}

/// A name of one DNS label: a namespace's.
///
/// # Errors
/// When it is none.
pub fn dns_label(text: &str) -> Result<(), String> {
    too_long(text, DNS_LABEL_MAX)?;
    if is_dns_label(text) {
        return Ok(());
    }
    Err(format!("`{text}` must be lower case letters, digits and `-`, with a letter or digit at both ends"))
}

/// A name of DNS labels joined by dots: most objects'.
///
/// # Errors
/// When it is none.
pub fn dns_subdomain(text: &str) -> Result<(), String> {
    too_long(text, DNS_SUBDOMAIN_MAX)?;
    if text.split('.').all(is_dns_label) {
        return Ok(());
    }
    Err(format!(
        "`{text}` must be lower case letters, digits, `-` and `.`, with a letter or digit at both ends of each part"
    ))
}

fn is_name_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

/// A label's key: `name` or `dns.prefix/name`.
///
/// # Errors
/// When it is none.
pub fn qualified_name(text: &str) -> Result<(), String> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if name.contains('/') {
        return Err(format!("`{text}` has more than one `/`"));
    }
    if let Some(prefix) = prefix {
        dns_subdomain(prefix).map_err(|_| format!("`{text}` has a prefix that is no DNS name"))?;
    }
    if name.is_empty() {
        return Err(format!("`{text}` has no name"));
    }
    too_long(name, LABEL_MAX)?;
    if is_name_part(name) {
        return Ok(());
    }
    Err(format!("`{text}` must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"))
}

/// A label's value, which may be empty.
///
/// # Errors
/// When it is none.
pub fn label_value(text: &str) -> Result<(), String> {
    too_long(text, LABEL_MAX)?;
    if text.is_empty() || is_name_part(text) {
        return Ok(());
    }
    Err(format!("`{text}` must be letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"))
}

/// The name of a port: an IANA service name.
///
/// # Errors
/// When it is none.
pub fn port_name(text: &str) -> Result<(), String> {
    too_long(text, PORT_NAME_MAX)?;
    let letter = text.bytes().any(|byte| byte.is_ascii_lowercase());
    if is_dns_label(text) && !text.contains("--") && letter {
        return Ok(());
    }
    Err(format!(
        "`{text}` must be lower case letters, digits and single `-` inside, with at least one letter"
    ))
}
