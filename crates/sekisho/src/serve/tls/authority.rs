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

/// Whose a certificate is, and for how long.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Names {
    /// Its names and addresses; at least one.
    pub(in crate::serve) hosts: Vec<String>,
    /// How long it is valid, in seconds.
    pub(in crate::serve) lifetime: u64,
    /// Whether it is shown by one who asks as well.
    pub(in crate::serve) asks: bool,
}

/// A certificate with its key.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::serve) struct Leaf {
    /// The certificate, in PEM.
    pub(in crate::serve) certificate: Vec<u8>,
    /// Its key.
    pub(in crate::serve) key: Vec<u8>,
    /// Who signs.
    pub(in crate::serve) authorities: Vec<u8>,
    /// When it expires, in seconds since 1970.
    pub(in crate::serve) until: u64,
    hosts: String,
}

impl Leaf {
    /// That in the entries of a Secret, where it is whole.
    pub(in crate::serve) fn kept(entries: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        Some(Self {
            certificate: bytes(entries, CERTIFICATE)?,
            key: bytes(entries, KEY)?,
            authorities: bytes(entries, AUTHORITIES)?,
            until: text(entries, UNTIL)?.parse().ok()?,
            hosts: text(entries, HOSTS)?,
        })
    }

    /// The entries that keep it: without the key of who signs.
    pub(in crate::serve) fn entries(&self) -> BTreeMap<String, Vec<u8>> {
        BTreeMap::from([
            (CERTIFICATE.to_owned(), self.certificate.clone()),
            (KEY.to_owned(), self.key.clone()),
            (AUTHORITIES.to_owned(), self.authorities.clone()),
            (UNTIL.to_owned(), self.until.to_string().into_bytes()),
            (HOSTS.to_owned(), self.hosts.clone().into_bytes()),
        ])
    }

    /// Whether it does at `now`, where these papers sign.
    pub(in crate::serve) fn does_for(&self, names: &Names, signing: &Papers, now: u64) -> bool {
        self.lasts_for(names, now) && self.authorities == signing.authority.certificates
    }

    /// Whether two thirds of its time are not over, and it is of these hosts.
    fn lasts_for(&self, names: &Names, now: u64) -> bool {
        self.hosts == names.hosts.join(" ") && self.until > now.saturating_add(names.lifetime / 3)
    }
}

/// Who signs.
#[derive(Clone, PartialEq, Eq)]
struct Authority {
    /// Its certificate, in PEM, and that of the one before it as long as what that one signed may be shown somewhere.
    certificates: Vec<u8>,
    key: String,
    until: u64,
}

/// A certificate with who signed it.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::serve) struct Papers {
    /// The serving certificate.
    pub(in crate::serve) leaf: Leaf,
    authority: Authority,
}

impl Papers {
    /// Those in the entries of a Secret, where they are whole.
    pub(in crate::serve) fn kept(entries: &BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let leaf = Leaf::kept(entries)?;
        let authority = Authority {
            certificates: leaf.authorities.clone(),
            key: text(entries, AUTHORITY_KEY)?,
            until: text(entries, AUTHORITY_UNTIL)?.parse().ok()?,
        };
        Some(Self { leaf, authority })
    }

    /// The entries that keep them.
    pub(in crate::serve) fn entries(&self) -> BTreeMap<String, Vec<u8>> {
        let mut entries = self.leaf.entries();
        entries.insert(AUTHORITY_KEY.to_owned(), self.authority.key.clone().into_bytes());
        entries.insert(AUTHORITY_UNTIL.to_owned(), self.authority.until.to_string().into_bytes());
        entries
    }

    /// Whether they do at `now`: two thirds of their time are not over, and they are of these hosts.
    pub(in crate::serve) fn do_for(&self, names: &Names, now: u64) -> bool {
        self.leaf.lasts_for(names, now)
    }

    /// New ones at `now`, in seconds since 1970, signed by the authority of the old ones as
    /// long as it lasts.
    ///
    /// # Errors
    /// When a host is none, or there is no randomness.
    pub(in crate::serve) fn make(before: Option<&Self>, names: &Names, now: u64) -> anyhow::Result<Self> {
        let lifetime = names.lifetime;
        let before = before.map(|before| &before.authority);
        let lasting = before.filter(|before| before.until > now.saturating_add(2 * lifetime));
        let authority = match lasting {
            Some(before) => before.clone(),
            None => Authority::new(before, lifetime, now)?,
        };
        Ok(Self { leaf: authority.sign(names, now)?, authority })
    }

    /// Whether the same authority signs as for `other`.
    pub(in crate::serve) fn is_signed_like(&self, other: &Self) -> bool {
        self.authority == other.authority
    }

    /// These, with the certificate of those before: for as long as others do not know yet who signs now.
    pub(in crate::serve) fn showing(&self, before: &Self) -> Self {
        let authorities = self.leaf.authorities.clone();
        Self { leaf: Leaf { authorities, ..before.leaf.clone() }, authority: self.authority.clone() }
    }

    /// A certificate of the same authority at `now`.
    ///
    /// # Errors
    /// When a host is none, or there is no randomness.
    pub(in crate::serve) fn sign(&self, names: &Names, now: u64) -> anyhow::Result<Leaf> {
        self.authority.sign(names, now)
    }
}

impl Authority {
    /// A new one, that stands before the former.
    fn new(before: Option<&Self>, lifetime: u64, now: u64) -> anyhow::Result<Self> {
        let until = now.saturating_add(LONGER * lifetime);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut certificates = authority(now, until)?.self_signed(&key)?.pem();
        if let Some(before) = before.filter(|before| before.until > now) {
            certificates.push_str(first(&String::from_utf8_lossy(&before.certificates)));
        }
        Ok(Self { certificates: certificates.into_bytes(), key: key.serialize_pem(), until })
    }

    fn sign(&self, names: &Names, now: u64) -> anyhow::Result<Leaf> {
        let Names { hosts, lifetime, asks } = names;
        let signing = KeyPair::from_pem(&self.key).context("the key of the authority cannot be read")?;
        let issuer = Issuer::new(authority(now, self.until)?, signing);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(hosts.clone()).context("a host is none")?;
        let name = hosts.first().ok_or_else(|| anyhow!("there is no host"))?;
        params.distinguished_name.push(DnType::CommonName, name.chars().take(60).collect::<String>());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.extended_key_usages.extend(asks.then_some(ExtendedKeyUsagePurpose::ClientAuth));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let until = now.saturating_add(*lifetime);
        valid(&mut params, now, until);
        let certificate = params.signed_by(&key, &issuer)?;
        Ok(Leaf {
            certificate: certificate.pem().into_bytes(),
            key: key.serialize_pem().into_bytes(),
            authorities: self.certificates.clone(),
            until,
            hosts: hosts.join(" "),
        })
    }
}

fn bytes(entries: &BTreeMap<String, Vec<u8>>, key: &str) -> Option<Vec<u8>> {
    entries.get(key).filter(|bytes| !bytes.is_empty()).cloned()
}

fn text(entries: &BTreeMap<String, Vec<u8>>, key: &str) -> Option<String> {
    String::from_utf8(bytes(entries, key)?).ok()
}

/// The first certificate of a text.
fn first(text: &str) -> &str {
    const END: &str = "-----END CERTIFICATE-----";
    let end = text.find(END).map_or(text.len(), |at| at + END.len());
    text.get(..end).unwrap_or_default()
}

fn authority(now: u64, until: u64) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "sekisho");
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

    fn names(hosts: &[&str]) -> Names {
        Names { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), lifetime: DAY, asks: false }
    }

    fn door() -> Names {
        names(&["door.sekisho.svc", "127.0.0.1"])
    }

    fn count(papers: &Papers) -> usize {
        String::from_utf8_lossy(&papers.leaf.authorities).matches("BEGIN CERTIFICATE").count()
    }

    #[test]
    fn they_are_kept_and_known_again() {
        let papers = Papers::make(None, &door(), NOW).unwrap();
        assert!(Papers::kept(&papers.entries()) == Some(papers.clone()));
        let mut lacking = papers.entries();
        lacking.remove("ca.key");
        assert!(Papers::kept(&lacking).is_none());
        assert!(papers.do_for(&door(), NOW));
        assert!(!papers.do_for(&door(), NOW + DAY * 2 / 3), "two thirds are over");
        assert!(!papers.do_for(&names(&["other"]), NOW));
        assert!(Papers::make(None, &names(&[]), NOW).is_err());
    }

    #[test]
    fn the_authority_lasts_and_is_followed_by_another() {
        let first = Papers::make(None, &door(), NOW).unwrap();
        let second = Papers::make(Some(&first), &door(), NOW + DAY).unwrap();
        assert!(
            second.leaf.authorities == first.leaf.authorities
                && second.leaf.certificate != first.leaf.certificate
        );
        let third = Papers::make(Some(&second), &door(), NOW + 9 * DAY).unwrap();
        assert_eq!(count(&third), 2, "whoever still shows the old one is believed");
        let fourth = Papers::make(Some(&third), &door(), NOW + 18 * DAY).unwrap();
        assert_eq!(count(&fourth), 2);
    }

    #[test]
    fn what_the_former_signed_is_shown_by_who_trusts_both() {
        let first = Papers::make(None, &door(), NOW).unwrap();
        let later = Papers::make(Some(&first), &door(), NOW + 9 * DAY).unwrap();
        let shown = later.showing(&first);
        assert!(!first.is_signed_like(&later) && shown.is_signed_like(&later));
        assert!(shown.leaf.certificate == first.leaf.certificate && shown.leaf.key == first.leaf.key);
        assert_eq!((count(&shown), shown.leaf.until), (2, NOW + DAY));
    }

    #[test]
    fn others_are_signed_for_without_the_authoritys_key() {
        let papers = Papers::make(None, &door(), NOW).unwrap();
        let agent = names(&["sekisho-agent"]);
        let leaf = papers.sign(&agent, NOW).unwrap();
        assert!(!leaf.entries().contains_key(AUTHORITY_KEY));
        assert!(Leaf::kept(&leaf.entries()) == Some(leaf.clone()));
        assert!(leaf.does_for(&agent, &papers, NOW) && !leaf.does_for(&door(), &papers, NOW));
        assert!(!leaf.does_for(&agent, &papers, NOW + DAY * 2 / 3), "two thirds are over");
        let later = Papers::make(Some(&papers), &door(), NOW + 9 * DAY).unwrap();
        assert!(!leaf.does_for(&agent, &later, NOW), "another authority signs by now");
    }
}
