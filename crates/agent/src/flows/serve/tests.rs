use super::*;
use crate::flows::queue::tests::closed;
use http_body_util::{BodyExt, Empty};
use hyper::{StatusCode, body::Bytes, client::conn::http2};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use sekisho_flow::text::{Told, read_line};
use sekisho_tls::{AGENT, Credentials, HUB};
use std::path::Path;
use tokio::{net::TcpStream, runtime::Builder, time::timeout};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// Writes an authority and what it signs for `name`.
fn write(folder: &Path, name: &str, authority: &(String, Issuer<'static, KeyPair>)) -> Credentials {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.1).unwrap().pem();
    std::fs::write(folder.join("tls.crt"), &certificate).unwrap();
    std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("ca.crt"), &authority.0).unwrap();
    files(folder).read().unwrap()
}

fn files(folder: &Path) -> Files {
    let of = |name: &str| folder.join(name);
    Files { certificate: of("tls.crt"), key: of("tls.key"), authorities: of("ca.crt") }
}

fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

type Asking = http2::SendRequest<Empty<Bytes>>;

async fn connect(at: SocketAddr, hub: &Credentials) -> Option<Asking> {
    let config = Arc::new(hub.asking().unwrap());
    let stream = TcpStream::connect(at).await.unwrap();
    let name = ServerName::try_from(AGENT).unwrap();
    let stream = TlsConnector::from(config).connect(name, stream).await.ok()?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (asking, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(asking)
}

async fn ask(asking: &mut Asking, path: &str) -> Option<hyper::Response<Incoming>> {
    let request = Request::get(format!("https://sekisho-agent{path}")).body(Empty::new()).unwrap();
    asking.send_request(request).await.ok()
}

/// The lines that come until nothing comes for a while.
async fn lines(response: &mut Incoming) -> Vec<String> {
    let mut text = Vec::new();
    while let Ok(Some(Ok(frame))) = timeout(Duration::from_millis(400), response.frame()).await {
        text.extend_from_slice(&frame.into_data().unwrap());
    }
    String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
}

fn told(line: &str) -> Told {
    Told::read(line.as_bytes()).unwrap()
}

#[test]
fn a_hub_is_told_what_follows() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (folder, of_hub) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let ours = authority();
        write(folder.path(), AGENT, &ours);
        let hub = write(of_hub.path(), HUB, &ours);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let served = Served { listener, current: Arc::new(Current::of(files(folder.path()))) };
        let at = served.at().unwrap();
        let kept = Arc::new(Kept::new("here", true));
        kept.add(closed(60, 0..3), Vec::new());
        tokio::spawn(served.serve(Arc::clone(&kept)));

        let mut asking = connect(at, &hub).await.unwrap();
        let mut all = ask(&mut asking, "/v1/flows").await.unwrap().into_body();
        let first = lines(&mut all).await;
        assert!(told(&first[0]).batch.is_none(), "first of all a beat: {first:?}");
        let head = told(&first[1]);
        assert_eq!((&*head.teller.node, &*head.teller.boot), ("here", kept.boot()));
        let batch = head.batch.unwrap();
        assert_eq!((batch.first, batch.last, batch.flows, first.len()), (1, 3, 3, 5));
        assert!(first[2..].iter().all(|line| read_line(1, line.as_bytes()).is_ok()));
        // What comes is told at once; who asks for what follows is told no more than that.
        kept.add(closed(61, 0..2), Vec::new());
        let then = lines(&mut all).await;
        assert_eq!(told(&then[0]).batch.unwrap().first, 4);
        let after = format!("/v1/flows?after={}/3", kept.boot());
        let mut rest = ask(&mut asking, &after).await.unwrap().into_body();
        let rest = lines(&mut rest).await;
        assert_eq!((told(&rest[1]).batch, &rest[2..]), (told(&then[0]).batch, &then[1..]));
        let mut other = ask(&mut asking, "/v1/flows?after=another/3").await.unwrap().into_body();
        assert_eq!(told(&lines(&mut other).await[1]).batch.unwrap().first, 1);
        for (path, status) in [
            ("/", StatusCode::NOT_FOUND),
            ("/v1/flows?after=3", StatusCode::BAD_REQUEST),
            ("/v1/flows?since=3", StatusCode::BAD_REQUEST),
            (&format!("/v1/flows?after={}/9", kept.boot()), StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(ask(&mut asking, path).await.unwrap().status(), status, "{path}");
        }
    });
}

#[test]
fn certificates_are_read_again() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (folder, of_hub) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let current = Arc::new(Current::of(files(folder.path())));
        assert!(current.config().is_none(), "a Secret may come later");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let served = Served { listener, current: Arc::clone(&current) };
        let at = served.at().unwrap();
        tokio::spawn(served.serve(Arc::new(Kept::new("here", true))));
        let (ours, theirs) = (authority(), authority());
        write(folder.path(), AGENT, &ours);
        current.look();
        let hub = write(of_hub.path(), HUB, &ours);
        let gets_in = async |hub: &Credentials| {
            let Some(mut asking) = connect(at, hub).await else { return false };
            ask(&mut asking, "/v1/flows").await.is_some()
        };
        assert!(gets_in(&hub).await);
        assert!(!gets_in(&write(of_hub.path(), AGENT, &ours)).await, "another agent is no hub");
        write(folder.path(), AGENT, &theirs);
        current.look();
        assert!(!gets_in(&hub).await, "the authority is another by now");
        assert!(gets_in(&write(of_hub.path(), HUB, &theirs)).await);
        std::fs::write(folder.path().join("tls.crt"), "half").unwrap();
        current.look();
        assert!(gets_in(&write(of_hub.path(), HUB, &theirs)).await, "what is wrong changes nothing");
    });
}
