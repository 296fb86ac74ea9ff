//! A pod that goes away while somebody talks to it through a Service.

use crate::{
    rig::{
        calls::{Arrival, Calls, ask, connect, token},
        objects,
        services::{Endpoint, Slice, State},
    },
    services::{From, Shop, build},
    support::until,
};
use sekisho_core::set::Protocol;
use std::{
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// S25: while the pod ends, its connections go on and new ones go elsewhere. S27, S29: when it is gone, so are
/// they, and nobody gets what was meant for it.
pub(crate) fn an_endpoint_goes_away() {
    let (mut rig, echoes) = build();
    for v4 in [true, false] {
        let (to, mut stream, slices) = {
            let shop = Shop { rig: &rig, echoes: &echoes, v4, bridged: false };
            let to = shop.to("10.96.1.1", "fd00:10:96::101", 80);
            (
                to,
                shop.talk("shop/api-2", to),
                [State::Ready, State::Terminating].map(|state| shop.slice(state)),
            )
        };
        let [before, ending] = slices;
        rig.server.apply_text(&ending);
        let shop = Shop { rig: &rig, echoes: &echoes, v4, bridged: false };
        until("new connections go to the other", || shop.who_answers(to) == ["shop/api-1"]);
        for _ in 0..20 {
            assert_eq!(shop.said(&mut stream).as_deref(), Some("shop/api-2"), "it goes on");
        }
        rig.server.delete_text("apiVersion: v1\nkind: Pod\nmetadata: {name: api-2, namespace: shop}\n");
        let shop = Shop { rig: &rig, echoes: &echoes, v4, bridged: false };
        until("nobody answers for it", || shop.said(&mut stream).is_none());
        let pods = &rig.lab.current_plan().cluster.pods;
        let pod = pods.values().find(|pod| &*pod.key.name == "api-2").map(|pod| objects::pod(pod)).unwrap();
        rig.server.apply_text(&pod);
        rig.server.apply_text(&before);
        let shop = Shop { rig: &rig, echoes: &echoes, v4, bridged: false };
        until("both answer again", || shop.who_answers(to).len() == 2);
        assert_eq!(shop.said(&mut stream), None, "what was cut stays so");
    }
}

impl Shop<'_> {
    /// A connection of `web` to the Service, at whose other end is `pod`.
    pub(crate) fn talk(&self, pod: &str, to: SocketAddr) -> TcpStream {
        let (host, from) = self.from(From::Pod("shop/web"));
        let network = self.rig.lab.network_of(host).unwrap();
        loop {
            let open = || connect(from, to, Duration::from_secs(5)).unwrap();
            let mut stream = network.within(open).unwrap();
            if self.said(&mut stream).as_deref() == Some(pod) {
                stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
                return stream;
            }
        }
    }

    /// Who answers a word on a connection. Whoever hears it answers.
    pub(crate) fn said(&self, stream: &mut TcpStream) -> Option<String> {
        let token = token();
        let answer = ask(stream, token).ok();
        let seen: Vec<String> = self.echoes.arrivals(token).into_iter().map(|seen| seen.at).collect();
        let answer = answer.map(|answer| answer.split(' ').next().unwrap_or_default().to_owned());
        assert_eq!(seen, answer.iter().cloned().collect::<Vec<_>>(), "a word was heard by somebody else");
        answer
    }

    /// Who answers new connections.
    fn who_answers(&self, to: SocketAddr) -> Vec<String> {
        let from = self.from(From::Pod("shop/web"));
        let arrivals: Vec<Arrival> =
            ["shop/api-1", "shop/api-2"].map(|pod| self.arrival(pod, from.1, from.1)).into();
        let calls =
            Calls { what: "while endpoints change".into(), from, to, protocol: Protocol::Tcp, arrivals };
        let mut answered = calls.hold(self.rig, self.echoes);
        answered.sort();
        answered.dedup();
        answered
    }

    /// The endpoints of `api`, of which that on node-2 is in this state.
    fn slice(&self, state: State) -> String {
        let endpoint = |pod: &str, node: &str, state| Endpoint {
            address: self.pod(pod).1,
            node: node.to_owned(),
            state,
        };
        let endpoints =
            [endpoint("shop/api-1", "node-1", State::Ready), endpoint("shop/api-2", "node-2", state)];
        let family = if self.v4 { "v4" } else { "v6" };
        let slices = [("tcp", Protocol::Tcp), ("udp", Protocol::Udp)].map(|(name, protocol)| {
            Slice {
                service: "shop/api",
                name: format!("{name}-8080-{family}"),
                port: (name, protocol, 8080),
                endpoints: &endpoints,
            }
            .to_string()
        });
        slices.concat()
    }
}
