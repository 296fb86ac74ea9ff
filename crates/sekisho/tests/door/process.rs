//! The door as a process, its log, and what it answers to who asks it without an API server.

use crate::server::Server;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

pub(crate) struct Door {
    child: Child,
    log: PathBuf,
    pub(crate) port: u16,
    plain: u16,
    authorities: String,
}

impl Door {
    /// Starts it, with the administrator's rights.
    pub(crate) fn start(server: &Server, options: &[&str]) -> Self {
        Self::start_as("admin", server, options)
    }

    /// Starts it, with the rights of a user.
    pub(crate) fn start_as(user: &str, server: &Server, options: &[&str]) -> Self {
        let log = server.folder().join(format!("door-{}", options.len()));
        let child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args([
                "serve",
                "admission",
                "--listen",
                "127.0.0.1:0",
                "--plain",
                "127.0.0.1:0",
                "--context",
                user,
            ])
            .args(["--log", "debug", "--kubeconfig"])
            .arg(server.config())
            .args(options)
            .current_dir(server.folder())
            .stderr(fs::File::create(&log).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut door = Self { child, log, port: 0, plain: 0, authorities: String::new() };
        let line: serde_json::Value = serde_json::from_str(&door.wait_for("\"listening\"")).unwrap();
        let port = |key: &str| line[key].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        (door.port, door.plain) = (port("secured"), port("plain"));
        if options.contains(&"default/door") && options.contains(&"--webhook") {
            door.wait_for("certificates were made");
            door.authorities = server.secret("door")["ca.crt"].clone();
        }
        door
    }

    /// Whom it is to be signed by, for who asks it without an API server.
    pub(crate) fn trusts(&mut self, authorities: &str) {
        authorities.clone_into(&mut self.authorities);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The line of the log that says so, as soon as there is one.
    pub(crate) fn wait_for(&self, said: &str) -> String {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let log = fs::read_to_string(&self.log).unwrap();
            if let Some(line) = log.lines().find(|line| line.contains(said)) {
                return line.to_owned();
            }
            assert!(Instant::now() < end, "`{said}` is not in {log}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What it answers without TLS.
    pub(crate) fn asks(&self, path: &str) -> String {
        let stream = TcpStream::connect(("127.0.0.1", self.plain)).unwrap();
        answer(stream, &format!("GET {path} HTTP/1.1\r\nHost: door\r\nConnection: close\r\n\r\n"), "")
    }

    /// What it answers to a question.
    pub(crate) fn posts(&self, body: &str) -> String {
        let mut roots = RootCertStore::empty();
        for one in CertificateDer::pem_slice_iter(self.authorities.as_bytes()) {
            roots.add(one.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // Else what is sent in two parts waits for somebody to say that the first has come.
        stream.set_nodelay(true).unwrap();
        let head = format!(
            "POST /validate HTTP/1.1\r\nHost: door\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        answer(StreamOwned::new(client, stream), &head, body)
    }
}

/// What comes back; whoever is told that it is too much need not take all of it.
fn answer(mut stream: impl Read + Write, head: &str, body: &str) -> String {
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()))
        .and_then(|()| stream.flush());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
