//! Somebody between a hub and who asks it, as `kubectl port-forward` is: hubs come and go behind one address.

use std::{
    io::copy,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

#[derive(Default)]
struct State {
    target: u16,
    open: Vec<TcpStream>,
}

pub(crate) struct Forwarder {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Forwarder {
    /// It forwards as long as the test runs.
    pub(crate) fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { target, open: Vec::new() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let target = shared.lock().unwrap().target;
                // Where nobody listens it closes.
                let Ok(hub) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                let copies = [&stream, &hub].map(|one| one.try_clone().unwrap());
                shared.lock().unwrap().open.extend(copies);
                for (from, to) in [(&stream, &hub), (&hub, &stream)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    thread::spawn(move || {
                        let _ = copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { port, state }
    }

    /// Breaks what is open, and leads to another hub from now on.
    pub(crate) fn leads_to(&self, target: u16) {
        let mut state = self.state.lock().unwrap();
        state.target = target;
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
