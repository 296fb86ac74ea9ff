//! Saying something to a server, and hearing its answer.

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Uri,
    body::{Bytes, Incoming},
    header::{HeaderName, HeaderValue},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, builderstates::WantsSchemes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{fmt, sync::Arc, time::Duration};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// For how long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// More of an answer that is not asked for line by line is not read, in bytes.
const MOST: usize = 1 << 20;

/// Why a server was not heard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address says no server.
    #[error("`{0}` is no address of a server: write it as `https://name:port`")]
    Address(String),
    /// A header cannot say what it is to.
    #[error("what `{0}` is to say has letters that no header may have")]
    Header(&'static str),
    /// A text says nobody who could be trusted.
    #[error("there is no certificate in PEM in what says whom to trust")]
    Authorities,
    /// It cannot be reached, or hangs up.
    #[error("the server cannot be heard: {0}")]
    Away(String),
    /// It says nothing.
    #[error("the server has said nothing for {} s", PATIENCE.as_secs())]
    Silent,
}

/// Where things are said, and what is said with each.
#[derive(Clone)]
pub(crate) struct Endpoint {
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for Endpoint {
    /// Without the headers, which may have secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("uri", &self.uri).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// What `http://` or `https://` leads to.
    ///
    /// # Errors
    /// When it is no such address.
    pub(crate) fn new(url: &str) -> Result<Self, HttpError> {
        let wrong = || HttpError::Address(url.chars().take(300).collect());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        match (uri.scheme_str(), uri.host()) {
            (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(Self { uri, headers: Vec::new() }),
            _ => Err(wrong()),
        }
    }

    /// With a header, such as one that says who asks.
    ///
    /// # Errors
    /// When a header cannot say that.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Result<Self, HttpError> {
        // What it is to say may be a secret.
        let mut value = HeaderValue::from_str(value).map_err(|_| HttpError::Header(name))?;
        value.set_sensitive(true);
        self.headers.push((HeaderName::from_static(name), value));
        Ok(self)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    /// After how many seconds the server wants to be asked again, where it says so in seconds.
    pub(crate) retry_after: Option<u64>,
}

/// Says things to servers, one after another. It blocks, and must not be used where asynchronous tasks run.
pub(crate) struct Http {
    runtime: Runtime,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// One that trusts whom the machine trusts.
    pub(crate) fn new() -> Result<Self, HttpError> {
        match HttpsConnectorBuilder::new().with_native_roots() {
            Ok(connector) => Self::by(connector),
            // An image may have nothing but the program: then nobody is trusted, and those are heard who need no trust.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::with(RootCertStore::empty()),
            Err(error) => Err(away(error)),
        }
    }

    /// One that trusts these alone, in PEM.
    pub(crate) fn trusting(authorities: &[u8]) -> Result<Self, HttpError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            let certificate = certificate.map_err(|_| HttpError::Authorities)?;
            roots.add(certificate).map_err(|_| HttpError::Authorities)?;
        }
        if roots.is_empty() {
            return Err(HttpError::Authorities);
        }
        Self::with(roots)
    }

    fn with(roots: RootCertStore) -> Result<Self, HttpError> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| HttpError::Away(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self::by(HttpsConnectorBuilder::new().with_tls_config(config))
    }

    fn by(connector: HttpsConnectorBuilder<WantsSchemes>) -> Result<Self, HttpError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(away)?;
        let connector = connector.https_or_http().enable_http1().build();
        // Between two questions nobody looks after a connection: one that the server has closed by then would be an error.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { runtime, client })
    }

    /// Says `body` and hears the answer, up to a mebibyte of it.
    pub(crate) fn post(
        &self,
        to: &Endpoint,
        kind: &'static str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, HttpError> {
        let mut heard = self.ask(to, kind, body)?;
        let text = heard.text()?;
        Ok(Answer { status: heard.status, text, retry_after: heard.retry_after })
    }

    /// Says `body`, and hears the answer as it comes.
    pub(crate) fn ask(
        &self,
        to: &Endpoint,
        kind: &'static str,
        body: impl Into<Bytes>,
    ) -> Result<Heard<'_>, HttpError> {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = to.uri.clone();
        let headers = request.headers_mut();
        headers.insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.extend(to.headers.iter().cloned());
        // Nobody looks after it once it is answered, so it would stay open until the next question.
        headers.insert(hyper::header::CONNECTION, HeaderValue::from_static("close"));
        let answer = self.wait(self.client.request(request))?;
        let answer = answer.map_err(|error| HttpError::Away(said(&error)))?;
        let after = answer.headers().get(hyper::header::RETRY_AFTER);
        let retry_after = after.and_then(|after| after.to_str().ok()?.parse().ok());
        let status = answer.status().as_u16();
        Ok(Heard { http: self, status, retry_after, body: answer.into_body() })
    }

    fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, HttpError> {
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, what).await })
            .map_err(|_| HttpError::Silent)
    }
}

fn away(error: std::io::Error) -> HttpError {
    HttpError::Away(error.to_string())
}

/// An error with what caused it: the library's own words say no more than that it failed.
fn said(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source())
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

/// An answer, as it comes.
pub(crate) struct Heard<'h> {
    http: &'h Http,
    pub(crate) status: u16,
    retry_after: Option<u64>,
    body: Incoming,
}

impl Heard<'_> {
    /// The next piece; `None` where it is over.
    pub(crate) fn piece(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            match self.http.wait(self.body.frame())? {
                None => return Ok(None),
                Some(Err(error)) => return Err(HttpError::Away(said(&error))),
                // What is no data are trailers.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// What is left of it, up to a mebibyte.
    pub(crate) fn text(&mut self) -> Result<String, HttpError> {
        let mut bytes = Vec::new();
        while bytes.len() < MOST
            && let Some(piece) = self.piece()?
        {
            bytes.extend_from_slice(&piece);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
