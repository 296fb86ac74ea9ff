# Who is protected.
package standard

import rego.v1

warn contains result if {
	input.kind == "NetworkPolicy"
	input.sekisho.has_pods
	input.spec.podSelector != {}
	count(input.sekisho.selects) == 0
	can_tell
	result := {
		"code": "standard/selects-no-pod",
		"msg": "this policy selects no pod",
		"help": "write the namespace and the labels of the pods that it is for",
		"path": "spec.podSelector",
	}
}

# What is not among the manifests may be in the cluster.
can_tell if input.sekisho.whole_cluster

can_tell if input.sekisho.namespace.known

can_tell if count(input.sekisho.selects_elsewhere) > 0

warn contains result if {
	asked
	not input.sekisho.isolated.ingress
	result := {
		"code": "standard/pod-not-isolated",
		"msg": "everybody may connect to it: no policy isolates it",
		"help": "write a policy that selects it",
	}
}

warn contains result if {
	asked
	input.sekisho.isolated.ingress
	needs_policy
	every policy in input.sekisho.policies { policy.spec.podSelector == {} }
	result := {
		"code": "standard/component-without-policy",
		"msg": "it has no policy of its own",
		"help": "write one that lets in those who call it",
	}
}

needs_policy if {
	not input.sekisho.component
	pod_labels[labels.component] in data.agreed.components
}

needs_policy if count(input.sekisho.component.ports) > 0

needs_policy if count(input.sekisho.component.admits) > 0

needs_policy if input.sekisho.component.egress_closed

warn contains result if {
	input.kind == "Namespace"
	not input.sekisho.namespace.exempt
	not input.sekisho.has_gaps
	count(input.sekisho.workloads) > 0
	not has_baseline
	result := {
		"code": "standard/no-baseline",
		"msg": "no policy isolates every pod of it: what is forgotten is open",
		"help": "write one that selects every pod and lets nobody in",
	}
}

has_baseline if {
	some policy in input.sekisho.policies
	policy.spec.podSelector == {}
	policy.isolates.ingress
}
