//! Somebody between a history and its server, who forwards, but for insertions.

use super::server::Server;
use sekisho_history::Target;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

/// What becomes of the first insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The server takes it, and its answer is lost.
    Lost,
    /// The server is told twice.
    Twice,
}

pub(crate) struct Between {
    url: String,
    inserted: Arc<AtomicU32>,
}

impl Between {
    /// It forwards as long as the test runs.
    pub(crate) fn start(server: &Server, how: How) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inserted = Arc::new(AtomicU32::new(0));
        let (address, counts) = (server.address().to_owned(), Arc::clone(&inserted));
        thread::spawn(move || {
            for stream in listener.incoming() {
                forward(stream.unwrap(), &address, how, &counts);
            }
        });
        Self { url, inserted }
    }

    /// A table of its own, by way of this.
    pub(crate) fn target(&self, server: &Server) -> Target {
        Target { url: self.url.clone(), ..server.target() }
    }

    pub(crate) fn inserted(&self) -> u32 {
        self.inserted.load(Ordering::Relaxed)
    }
}

fn forward(mut stream: TcpStream, address: &str, how: How, inserted: &AtomicU32) {
    let asked = message(&mut stream);
    let answer = ask(address, &asked);
    if String::from_utf8_lossy(&asked).contains("INSERT INTO")
        && inserted.fetch_add(1, Ordering::Relaxed) == 0
    {
        match how {
            How::Lost => return,
            How::Twice => drop(ask(address, &asked)),
        }
    }
    stream.write_all(&answer).unwrap();
}

fn ask(address: &str, asked: &[u8]) -> Vec<u8> {
    let mut server = TcpStream::connect(address).unwrap();
    server.write_all(asked).unwrap();
    message(&mut server)
}

/// A head, and the body whose length it says.
fn message(stream: &mut TcpStream) -> Vec<u8> {
    let mut from = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && from.read_line(&mut head).unwrap() > 0 {}
    let lower = head.to_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
    from.read_exact(&mut body).unwrap();
    [head.into_bytes(), body].concat()
}
