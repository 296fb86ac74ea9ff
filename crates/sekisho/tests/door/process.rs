//! The door as a process, its log, and what it answers to who asks it without an API server.

use crate::{served::Served, server::Server};
use std::{
    io::{Read, Write},
    net::TcpStream,
    ops::Deref,
    sync::Arc,
};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

pub(crate) struct Door {
    served: Served,
    authorities: String,
}

impl Deref for Door {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.served
    }
}

impl Door {
    /// Starts it, with the administrator's rights.
    pub(crate) fn start(server: &Server, options: &[&str]) -> Self {
        Self::start_as("admin", server, options)
    }

    /// Starts it, with the rights of a user.
    pub(crate) fn start_as(user: &str, server: &Server, options: &[&str]) -> Self {
        let served = Served::start("admission", user, server, &[], options);
        let mut door = Self { served, authorities: String::new() };
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
