//! Both ends of a connection.

use crate::credentials::{Credentials, Error, provider, roots};
use std::sync::Arc;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error as TlsError,
    ServerConfig, SignatureScheme,
    client::{danger::HandshakeSignatureValid, verify_server_name},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::{
        ParsedCertificate, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};

/// The versions of HTTP that are spoken within, the better first (RFC 7301, RFC 9113).
pub const HTTP: [&[u8]; 2] = [b"h2", b"http/1.1"];

impl Credentials {
    /// What greets those who ask, of whom only those get in who show a certificate of the authorities with `name`.
    ///
    /// # Errors
    /// When the texts are no certificates and key, or do not belong together.
    pub fn serving_only(&self, name: &'static str) -> Result<ServerConfig, Error> {
        let inner = WebPkiClientVerifier::builder_with_provider(self.roots()?, provider())
            .build()
            .map_err(|error| Error::Tls(error.to_string()))?;
        let name = ServerName::try_from(name).map_err(|error| Error::Tls(error.to_string()))?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(Arc::new(Named { inner, name }));
        let mut config = builder.with_cert_resolver(Arc::new(resolver(self.pair()?)));
        config.alpn_protocols = HTTP.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    /// What asks, and shows the certificate. Whoever answers must be of the authorities.
    ///
    /// # Errors
    /// When the texts are no certificates and key, or do not belong together.
    pub fn asking(&self) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_root_certificates(self.roots()?);
        let mut config = builder.with_client_cert_resolver(Arc::new(resolver(self.pair()?)));
        config.alpn_protocols = HTTP.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }

    /// What asks and shows no certificate, where whoever answers must be of `authorities`, in PEM.
    ///
    /// # Errors
    /// When the text has no certificates.
    pub fn asking_unnamed(authorities: &[u8]) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_root_certificates(roots(authorities)?);
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = HTTP.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }
}

fn tls(error: TlsError) -> Error {
    Error::Tls(error.to_string())
}

fn resolver(pair: CertifiedKey) -> SingleCertAndKey {
    SingleCertAndKey::from(pair)
}

/// Lets in those of the authorities whose certificate has a name.
#[derive(Debug)]
struct Named {
    inner: Arc<dyn ClientCertVerifier>,
    name: ServerName<'static>,
}

impl ClientCertVerifier for Named {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        let verified = self.inner.verify_client_cert(shown, between, now)?;
        verify_server_name(&ParsedCertificate::try_from(shown)?, &self.name)
            .map_err(|_| TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure))?;
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AGENT, Files, HUB};
    use rcgen::{
        BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    };
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };
    use tokio_rustls::rustls::{ClientConnection, ServerConnection, Stream};

    struct Authority {
        text: String,
        issuer: Issuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            let text = params.self_signed(&key).unwrap().pem();
            Self { text, issuer: Issuer::new(params, key) }
        }

        fn signs(&self, name: &str, trusting: &Self) -> Credentials {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
            Credentials {
                certificate: certificate.into_bytes(),
                key: key.serialize_pem().into_bytes(),
                authorities: trusting.text.clone().into_bytes(),
            }
        }
    }

    /// Whether an answer comes through, of an agent to somebody who expects `name`.
    fn answers(agent: &Credentials, asks: ClientConfig, name: &'static str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let config = Arc::new(agent.serving_only(HUB).unwrap());
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut connection = ServerConnection::new(config).unwrap();
            let mut tls = Stream::new(&mut connection, &mut stream);
            let mut asked = [0; 1];
            tls.read_exact(&mut asked).and_then(|()| tls.write_all(b"!")).is_ok()
        });
        let mut stream = TcpStream::connect(at).unwrap();
        let name = ServerName::try_from(name).unwrap();
        let mut connection = ClientConnection::new(Arc::new(asks), name).unwrap();
        let mut answer = [0; 1];
        let got = {
            let mut tls = Stream::new(&mut connection, &mut stream);
            tls.write_all(b"?").and_then(|()| tls.read_exact(&mut answer)).is_ok()
        };
        drop(stream);
        answering.join().unwrap() && got
    }

    #[test]
    fn only_who_shows_the_name_gets_in() {
        let (ours, theirs) = (Authority::new(), Authority::new());
        let agent = ours.signs(AGENT, &ours);
        let hub = |authority: &Authority, name| authority.signs(name, &ours).asking().unwrap();
        assert!(answers(&agent, hub(&ours, HUB), AGENT));
        assert!(!answers(&agent, hub(&ours, AGENT), AGENT), "an agent is no hub");
        assert!(!answers(&agent, hub(&theirs, HUB), AGENT), "another authority's");
        let unnamed = Credentials::asking_unnamed(ours.text.as_bytes()).unwrap();
        assert!(!answers(&agent, unnamed, AGENT), "no certificate at all");
        assert!(!answers(&ours.signs(HUB, &ours), hub(&ours, HUB), AGENT), "whoever answers is no agent");
        assert!(!answers(&theirs.signs(AGENT, &ours), hub(&ours, HUB), AGENT), "another authority's agent");
    }

    #[test]
    fn what_makes_no_tls_is_said() {
        let ours = Authority::new();
        let (one, other) = (ours.signs(AGENT, &ours), ours.signs(AGENT, &ours));
        let said = |credentials: &Credentials| credentials.asking().unwrap_err().to_string();
        let mixed = Credentials { key: other.key, ..one.clone() };
        assert_eq!(said(&mixed), "the key is not that of the certificate");
        let none = Credentials { certificate: Vec::new(), ..one.clone() };
        assert_eq!(said(&none), "there is no certificate in the certificate's file: it must be PEM");
        let none = Credentials { authorities: b"x".to_vec(), ..one };
        assert_eq!(said(&none), "there is no certificate in the authorities' file: it must be PEM");
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("tls.crt");
        let files = Files { certificate: missing.clone(), key: missing.clone(), authorities: missing };
        assert!(files.read().unwrap_err().to_string().starts_with("cannot read `"));
    }
}
