//! Which namespaces, services and workloads there are, and how large each is.

use super::{
    Size,
    random::{Random, zipf},
};
use std::sync::Arc;

/// What everything random follows from.
pub(super) const SEED: u64 = 0x005e_1540;
/// How skewed the sizes of namespaces are.
const NAMESPACES: f64 = 0.8;
/// How skewed the sizes of workloads are.
const WORKLOADS: f64 = 0.7;
/// Which ranges of partners there are: some frontends are open to one of them.
pub(super) const PARTNERS: usize = 64;

/// The namespace of DNS, by number.
pub(super) const SYSTEM: usize = 0;
/// The namespace of monitoring, by number.
pub(super) const MONITORING: usize = 1;

/// What a workload is in its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    Frontend,
    Bff,
    Backend,
    Microservice,
}

impl Tier {
    const ALL: [Self; 4] = [Self::Frontend, Self::Bff, Self::Backend, Self::Microservice];

    /// The value of the label `app.kubernetes.io/component`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Bff => "bff",
            Self::Backend => "backend",
            Self::Microservice => "microservice",
        }
    }

    /// The port that it serves on, and its name.
    pub(super) fn port(self) -> (&'static str, u16) {
        match self {
            Self::Frontend | Self::Bff => ("http", 8080),
            Self::Backend => ("grpc", 9090),
            Self::Microservice => ("http", 8081),
        }
    }
}

/// How a namespace is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posture {
    /// No policy at all.
    Open,
    /// Policies for components alone.
    NoBaseline,
    /// All ingress is denied, egress is open.
    Baseline,
    /// Egress is denied as well.
    Closed,
}

/// A namespace.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) name: Arc<str>,
    pub(super) team: usize,
    pub(super) tier: &'static str,
    pub(super) posture: Posture,
    pub(super) is_monitored: bool,
    /// Its workloads: a range of [`Plan::workloads`].
    pub(super) workloads: std::ops::Range<usize>,
}

/// A workload.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) namespace: usize,
    /// The service, as `app.kubernetes.io/part-of` names it.
    pub(super) service: String,
    pub(super) tier: Tier,
    pub(super) pods: usize,
    /// The number of its first pod.
    pub(super) first_pod: usize,
    /// How many policies of its own it has.
    pub(super) policies: usize,
}

impl Work {
    /// The value of `app.kubernetes.io/name`, and the name of the workload.
    pub(super) fn name(&self) -> String {
        match self.tier {
            Tier::Microservice => self.service.clone(),
            tier => format!("{}-{}", self.service, tier.name()),
        }
    }
}

/// Everything that is to be made.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) size: Size,
    pub(super) namespaces: Vec<Space>,
    pub(super) workloads: Vec<Work>,
}

impl Plan {
    pub(super) fn new(size: Size) -> Self {
        let mut random = Random::new(SEED);
        let count = size.policies.max(size.namespaces).min(size.pods);
        let per_namespace = zipf(count, size.namespaces, NAMESPACES);
        let replicas = zipf(size.pods, count, WORKLOADS);
        let ranks = random.shuffled(count);
        let (mut namespaces, mut workloads) = (Vec::new(), Vec::<Work>::new());
        for (number, &share) in per_namespace.iter().rev().enumerate() {
            let first = workloads.len();
            let mut first_pod = workloads.last().map_or(0, |last| last.first_pod + last.pods);
            for place in 0..share {
                let rank = ranks.get(first + place).copied().unwrap_or(0);
                let pods = replicas.get(rank).copied().unwrap_or(1);
                let mut work = workload(number, place, first_pod);
                work.pods = pods;
                first_pod += pods;
                workloads.push(work);
            }
            namespaces.push(namespace(number, first..workloads.len()));
        }
        let mut plan = Self { size, namespaces, workloads };
        plan.give_policies(&mut random);
        plan
    }

    /// How many policies a namespace has that are not for a single workload.
    fn shared(space: &Space) -> usize {
        match space.posture {
            Posture::Open => 0,
            Posture::NoBaseline => usize::from(space.is_monitored),
            Posture::Baseline => 1 + usize::from(space.is_monitored),
            Posture::Closed => 2 + usize::from(space.is_monitored),
        }
    }

    /// Gives workloads their own policies, one each and then another, until there are as many as asked for.
    fn give_policies(&mut self, random: &mut Random) {
        let shared: usize = self.namespaces.iter().map(Self::shared).sum();
        let mut left = self.size.policies.saturating_sub(shared);
        let order = random.shuffled(self.workloads.len());
        while left > 0 {
            let before = left;
            for &number in &order {
                let Some(work) = self.workloads.get_mut(number) else { continue };
                let posture = self.namespaces.get(work.namespace).map(|space| space.posture);
                if left > 0 && posture.is_some_and(|posture| posture != Posture::Open) {
                    work.policies += 1;
                    left -= 1;
                }
            }
            if left == before {
                return;
            }
        }
    }
}

fn namespace(number: usize, workloads: std::ops::Range<usize>) -> Space {
    let mut random = Random::of(SEED, 1, number);
    let (name, posture) = match number {
        SYSTEM => ("kube-system".to_owned(), Posture::Open),
        MONITORING => ("monitoring".to_owned(), Posture::NoBaseline),
        _ => {
            let posture = match random.below(100) {
                0..5 => Posture::Open,
                5..15 => Posture::NoBaseline,
                15..85 => Posture::Baseline,
                _ => Posture::Closed,
            };
            (format!("product-{number}"), posture)
        }
    };
    // The number of the first closed one does not matter; small clusters have one too.
    let posture = if number == 3 { Posture::Closed } else { posture };
    Space {
        name: name.into(),
        team: random.below(40),
        tier: if random.chance(20) { "restricted" } else { "standard" },
        posture,
        is_monitored: number > MONITORING && posture != Posture::Open && random.chance(30),
        workloads,
    }
}

fn workload(namespace: usize, place: usize, first_pod: usize) -> Work {
    let tier = Tier::ALL.get(place % Tier::ALL.len()).copied().unwrap_or(Tier::Microservice);
    let service = match (namespace, tier) {
        (SYSTEM, _) => format!("kube-dns-{place}"),
        (MONITORING, _) => format!("agent-{place}"),
        (_, Tier::Microservice) => format!("s{}-worker", place / Tier::ALL.len()),
        _ => format!("s{}", place / Tier::ALL.len()),
    };
    let tier = if namespace <= MONITORING { Tier::Microservice } else { tier };
    Work { namespace, service, tier, pods: 0, first_pod, policies: 0 }
}
