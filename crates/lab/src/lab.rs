//! A built lab.

use crate::{
    LabError,
    enforce::Enforcer,
    kernel::sysctl,
    net::{
        log::Log,
        responder::{self, Responder, Socketed},
        tap::Taps,
    },
    plan::{Host, Options, Plan},
    probing::{Expectation, Party, Prober, Progress},
    report::{Outcome, Report, is_answered},
    topology::Topology,
    translation,
};
use sekisho_core::{eval::decide, object::Cluster, packet::Traffic, set::Protocol, verdict::Verdict};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

/// Network namespaces with listeners in them and policies on their nodes. Dropping it, or the end of the
/// process in any way, removes all of it.
#[derive(Debug)]
pub struct Lab {
    plan: Plan,
    options: Options,
    // INVARIANT: before the topology, so that no listener outlives its namespace's links.
    responder: Option<Responder>,
    taps: BTreeMap<Host, Arc<Taps>>,
    log: Arc<Log>,
    enforcer: Option<Enforcer>,
    /// Whether its nodes translate Services.
    translates: bool,
    pub(crate) topology: Topology,
}

impl Lab {
    /// What the lab of `cluster` would be.
    ///
    /// # Errors
    /// When there is no pod to build.
    pub fn plan(cluster: &Cluster, options: &Options) -> Result<Plan, LabError> {
        Plan::new(cluster, options)
    }

    /// Builds the lab of `plan`; `options` are for later changes.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn build(plan: Plan, options: Options) -> Result<Self, LabError> {
        Self::build_with(plan, options, true, |lab| {
            // S23: policies are there before anything listens or speaks.
            lab.enforcer = Some(Enforcer::start(&lab.plan, &lab.topology)?);
            Ok(())
        })
    }

    /// Builds the lab of `plan` without policies on its nodes, for somebody else to enforce them.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn build_open(plan: Plan, options: Options) -> Result<Self, LabError> {
        Self::build_with(plan, options, true, |_| Ok(()))
    }

    /// Builds the lab of `plan` without policies and without Services on its nodes, for somebody else to
    /// enforce the ones and to translate the others.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn build_bare(plan: Plan, options: Options) -> Result<Self, LabError> {
        Self::build_with(plan, options, false, |_| Ok(()))
    }

    fn build_with(
        plan: Plan,
        options: Options,
        translates: bool,
        enforce: impl FnOnce(&mut Self) -> Result<(), LabError>,
    ) -> Result<Self, LabError> {
        let topology = Topology::build(&plan)?;
        let mut lab = Self {
            plan,
            options,
            responder: None,
            taps: BTreeMap::new(),
            log: Arc::default(),
            enforcer: None,
            translates,
            topology,
        };
        enforce(&mut lab)?;
        lab.program_services(false)?;
        lab.listen()?;
        Ok(lab)
    }

    /// The plan as it is built.
    #[must_use]
    pub fn current_plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes the lab that of another state of the manifests. What stays the same is not touched.
    ///
    /// Connections that are forbidden now are cut (S31).
    ///
    /// # Errors
    /// When there is no pod left, or the kernel refuses.
    pub fn apply(&mut self, cluster: &Cluster) -> Result<(), LabError> {
        let plan = Plan::after(Some(&self.plan), cluster, &self.options)?;
        let before = std::mem::replace(&mut self.plan, plan);
        self.topology.change(&self.plan)?;
        if let Some(enforcer) = &mut self.enforcer {
            enforcer.apply(&self.plan, &self.topology)?;
        }
        if before.services != self.plan.services || before.nodes != self.plan.nodes {
            self.program_services(!before.services.is_empty())?;
        }
        if before.sites != self.plan.sites
            || before.nodes != self.plan.nodes
            || before.outside_listeners != self.plan.outside_listeners
        {
            self.listen()?;
        }
        Ok(())
    }

    /// Enforces the policies, which a built lab does from the start. Connections that are open and
    /// allowed go on (S32): for `patience` they may show themselves.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn enforce(&mut self, patience: Duration) -> Result<(), LabError> {
        if self.enforcer.is_none() {
            self.enforcer = Some(Enforcer::attach(&self.plan, &self.topology, patience)?);
        }
        Ok(())
    }

    /// Ends enforcement: everything passes, until [`enforce`](Self::enforce).
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn stop_enforcing(&mut self) -> Result<(), LabError> {
        self.enforcer.take().map_or(Ok(()), Enforcer::stop)
    }

    /// The rules of every node, for people.
    #[must_use]
    pub fn ruleset(&self) -> String {
        self.enforcer.as_ref().map_or_else(String::new, Enforcer::text)
    }

    /// Programs every policy again over what is programmed, as an agent does that has been restarted.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn reprogram(&mut self) -> Result<(), LabError> {
        self.enforcer.as_mut().map_or(Ok(()), Enforcer::reprogram)
    }

    /// Tries every probe of the plan and compares with the core.
    ///
    /// # Errors
    /// When the kernel refuses to go on.
    pub fn run(&self, progress: &mut dyn Progress) -> Result<Report, LabError> {
        let started = Instant::now();
        let predicted: Vec<Vec<Verdict>> = self.predict();
        let expectations = self.plan.probes.iter().zip(&predicted).map(|(probe, verdicts)| {
            let arrives = verdicts.iter().any(|verdict| verdict.decision.is_allow());
            (probe, Expectation { arrives, is_answered: is_answered(&self.plan, probe) })
        });
        let expectations: Vec<_> = expectations.collect();
        let observed = self.prober().run(&expectations, progress)?;
        let outcomes = self.plan.probes.iter().cloned().zip(predicted).zip(observed);
        let outcomes = outcomes
            .map(|((probe, predicted), observed)| Outcome::new(&self.plan, probe, predicted, observed));
        Ok(Report { outcomes: outcomes.collect(), plan: self.plan.clone(), took: started.elapsed() })
    }

    fn predict(&self) -> Vec<Vec<Verdict>> {
        let verdicts = |probe: &crate::plan::Probe| {
            probe.arrivals.iter().map(|arrival| decide(&self.plan.cluster, &arrival.packet)).collect()
        };
        self.plan.probes.iter().map(verdicts).collect()
    }

    fn prober(&self) -> Prober<'_> {
        let parties = self.taps.iter().filter_map(|(host, taps)| {
            let namespace = self.topology.namespace(&self.plan, *host)?;
            Some((*host, Party { namespace, taps }))
        });
        Prober { parties: parties.collect(), log: Arc::clone(&self.log) }
    }

    fn program_services(&self, had: bool) -> Result<(), LabError> {
        if !self.translates {
            return Ok(());
        }
        for at in 0..self.plan.nodes.len() {
            if let Some(node) = self.topology.namespace(&self.plan, Host::Node(at)) {
                translation::program(&self.plan, node, had)?;
            }
        }
        Ok(())
    }

    /// Opens all listeners and taps, in place of those before.
    fn listen(&mut self) -> Result<(), LabError> {
        self.responder = None;
        self.taps.clear();
        let others: Vec<u8> = self
            .options
            .traffic
            .iter()
            .filter_map(|traffic| match traffic {
                Traffic::Other(number) if *number != 1 => Some(*number),
                _ => None,
            })
            .collect();
        let sites = (0..self.plan.sites.len()).map(Host::Site);
        let hosts = sites.chain((0..self.plan.nodes.len()).map(Host::Node)).chain([Host::Outside]);
        let mut sockets = Vec::new();
        for host in hosts {
            let Some(namespace) = self.topology.namespace(&self.plan, host) else { continue };
            let listeners = self.plan.listeners(host);
            let sctp: BTreeSet<u16> = listeners
                .keys()
                .filter(|(protocol, _)| *protocol == Protocol::Sctp)
                .map(|(_, port)| *port)
                .collect();
            let what = self.plan.name(host);
            let (opened, taps) = namespace.run(|| {
                let opened =
                    responder::open(listeners).map_err(LabError::kernel(format!("listening in {what}")))?;
                let taps =
                    Taps::open(&others, &sctp).map_err(LabError::kernel(format!("watching {what}")))?;
                Ok((opened, taps))
            })?;
            sockets.extend(opened);
            sockets.extend(taps.iter().cloned().map(Socketed::Tap));
            self.taps.insert(host, Arc::new(taps));
        }
        self.responder = Some(Responder::start(sockets, Arc::clone(&self.log))?);
        Ok(())
    }

    /// Whether the kernel has IPv6.
    #[must_use]
    pub fn has_ipv6() -> bool {
        sysctl::has_ipv6()
    }
}
