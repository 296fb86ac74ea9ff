//! An authority of our own, and the certificate that it signs: how they are made, kept, and when they are due.

use anyhow::{Context, anyhow};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use std::{collections::BTreeMap, time::Duration};

/// The entries of the Secret; those of TLS are called as in any Secret of TLS.
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const AUTHORITIES: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";
const UNTIL: &str = "tls.until";
const AUTHORITY_UNTIL: &str = "ca.until";
const HOSTS: &str = "tls.hosts";
/// How much the clocks of two machines may differ.
const SKEW: u64 = 300;
/// How many times as long as a certificate the authority is valid.
const LONGER: u64 = 10;

/// A certificate with who signed it.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Papers {
    /// The serving certificate, in PEM.
    pub(in super::super) certificate: Vec<u8>,
    /// Its key.
    pub(in super::super) key: Vec<u8>,
    /// Who signs: the authority, and the one before it as long as its certificates may be shown somewhere.
    pub(in super::super) authorities: Vec<u8>,
    authority_key: String,
    /// When the certificate expires, in seconds since 1970.
    pub(in super::super) until: u64,
    authority_until: u64,
    hosts: String,
}

impl Papers {
    /// Those in the entries of a Secret, where they are whole.
    pub(in super::super) fn kept(entries: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let bytes = |key: &str| entries.get(key).filter(|bytes| !bytes.is_empty()).cloned();
        let text = |key: &str| String::from_utf8(bytes(key)?).ok();
        Some(Self {
            certificate: bytes(CERTIFICATE)?,
            key: bytes(KEY)?,
            authorities: bytes(AUTHORITIES)?,
            authority_key: text(AUTHORITY_KEY)?,
            until: text(UNTIL)?.parse().ok()?,
            authority_until: text(AUTHORITY_UNTIL)?.parse().ok()?,
            hosts: text(HOSTS)?,
        })
    }

    /// The entries that keep them.
    pub(in super::super) fn entries(&self) -> BTreeMap<String, Vec<u8>> {
        BTreeMap::from([
            (CERTIFICATE.to_owned(), self.certificate.clone()),
            (KEY.to_owned(), self.key.clone()),
            (AUTHORITIES.to_owned(), self.authorities.clone()),
            (AUTHORITY_KEY.to_owned(), self.authority_key.clone().into_bytes()),
            (UNTIL.to_owned(), self.until.to_string().into_bytes()),
            (AUTHORITY_UNTIL.to_owned(), self.authority_until.to_string().into_bytes()),
            (HOSTS.to_owned(), self.hosts.clone().into_bytes()),
        ])
    }

    /// Whether they do at `now`: two thirds of their time are not over, and they are of these hosts.
    pub(in super::super) fn do_for(&self, hosts: &[String], lifetime: u64, now: u64) -> bool {
        self.hosts == hosts.join(" ") && self.until > now.saturating_add(lifetime / 3)
    }

    /// New ones at `now`, in seconds since 1970, valid for `lifetime` seconds, signed by the authority of the old ones as
    /// long as it lasts.
    ///
    /// # Errors
    /// When a host is none, or there is no randomness.
    pub(in super::super) fn make(
        before: Option<&Self>,
        hosts: &[String],
        lifetime: u64,
        now: u64,
    ) -> anyhow::Result<Self> {
        let lasting = before.filter(|before| before.authority_until > now.saturating_add(2 * lifetime));
        let (authorities, authority_key, authority_until) = match lasting {
            Some(before) => {
                (before.authorities.clone(), before.authority_key.clone(), before.authority_until)
            }
            None => new_authority(before, lifetime, now)?,
        };
        let signing = KeyPair::from_pem(&authority_key).context("the key of the authority cannot be read")?;
        let issuer = Issuer::new(authority(now, authority_until)?, signing);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(hosts.to_vec()).context("a host is none")?;
        let name = hosts.first().ok_or_else(|| anyhow!("there is no host"))?;
        params.distinguished_name.push(DnType::CommonName, name.chars().take(60).collect::<String>());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let until = now.saturating_add(lifetime);
        valid(&mut params, now, until);
        let certificate = params.signed_by(&key, &issuer)?;
        Ok(Self {
            certificate: certificate.pem().into_bytes(),
            key: key.serialize_pem().into_bytes(),
            authorities,
            authority_key,
            until,
            authority_until,
            hosts: hosts.join(" "),
        })
    }
}

/// An authority with its key and end, and behind it the one before.
fn new_authority(before: Option<&Papers>, lifetime: u64, now: u64) -> anyhow::Result<(Vec<u8>, String, u64)> {
    let until = now.saturating_add(LONGER * lifetime);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut authorities = authority(now, until)?.self_signed(&key)?.pem();
    if let Some(before) = before.filter(|before| before.authority_until > now) {
        authorities.push_str(first(&String::from_utf8_lossy(&before.authorities)));
    }
    Ok((authorities.into_bytes(), key.serialize_pem(), until))
}

/// The first certificate of a text.
fn first(text: &str) -> &str {
    const END: &str = "-----END CERTIFICATE-----";
    let end = text.find(END).map_or(text.len(), |at| at + END.len());
    text.get(..end).unwrap_or_default()
}

fn authority(now: u64, until: u64) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "sekisho admission");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, now, until);
    Ok(params)
}

fn valid(params: &mut CertificateParams, now: u64, until: u64) {
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(now.saturating_sub(SKEW));
    params.not_after = epoch + Duration::from_secs(until);
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;
    const NOW: u64 = 1_800_000_000;

    fn hosts() -> Vec<String> {
        vec!["door.sekisho.svc".to_owned(), "127.0.0.1".to_owned()]
    }

    fn count(papers: &Papers) -> usize {
        String::from_utf8_lossy(&papers.authorities).matches("BEGIN CERTIFICATE").count()
    }

    #[test]
    fn they_are_kept_and_known_again() {
        let papers = Papers::make(None, &hosts(), DAY, NOW).unwrap();
        assert!(Papers::kept(&papers.entries()) == Some(papers.clone()));
        let mut lacking = papers.entries();
        lacking.remove("ca.key");
        assert!(Papers::kept(&lacking).is_none());
        assert!(papers.do_for(&hosts(), DAY, NOW));
        assert!(!papers.do_for(&hosts(), DAY, NOW + DAY * 2 / 3), "two thirds are over");
        assert!(!papers.do_for(&["other".to_owned()], DAY, NOW));
        assert!(Papers::make(None, &[], DAY, NOW).is_err());
    }

    #[test]
    fn the_authority_lasts_and_is_followed_by_another() {
        let first = Papers::make(None, &hosts(), DAY, NOW).unwrap();
        let second = Papers::make(Some(&first), &hosts(), DAY, NOW + DAY).unwrap();
        assert!(second.authorities == first.authorities && second.certificate != first.certificate);
        let third = Papers::make(Some(&second), &hosts(), DAY, NOW + 9 * DAY).unwrap();
        assert_eq!(count(&third), 2, "whoever still shows the old one is believed");
        let fourth = Papers::make(Some(&third), &hosts(), DAY, NOW + 18 * DAY).unwrap();
        assert_eq!(count(&fourth), 2);
    }
}
