# Whom policies let in, and whom they mean.
package standard

import rego.v1

# What is found in all, for the tests.
results := deny | warn

# The rules of a policy that have effect, with their direction.
effective contains {"direction": direction, "rule": rule} if {
	some direction in ["ingress", "egress"]
	some rule in input.sekisho.rules[direction]
	rule.effective
}

# Where it matters who gets through: on the way in always, on the way out where it is to be closed.
guarded(direction) if direction == "ingress"

guarded(direction) if {
	direction == "egress"
	input.sekisho.namespace.egress_closed
}

guarded(direction) if {
	direction == "egress"
	input.sekisho.component.egress_closed
}

# An empty podSelector names nobody in particular.
names_no_pod(peer) if peer.kind == "namespaces"

names_no_pod(peer) if peer.entry.podSelector == {}

deny contains result if {
	some at in effective
	some peer in at.rule.peers
	peer.kind == "pods"
	count(peer.matches.elsewhere) > 0
	homes := {workload.namespace | some workload in peer.matches.elsewhere}
	result := {
		"code": "standard/peer-in-another-namespace",
		"msg": sprintf("this means pods of `%s`; the pods with the labels are in %s", [
			input.metadata.namespace,
			concat(", ", homes),
		]),
		"help": "name their namespace by a `namespaceSelector` in the same entry",
		"path": peer.path,
	}
}

deny contains result if {
	some at in effective
	some number, first in at.rule.peers
	second := at.rule.peers[number + 1]
	{first.kind, second.kind} == {"namespaces", "pods"}
	some pods in [first, second]
	pods.kind == "pods"
	some namespaces in [first, second]
	namespaces.kind == "namespaces"
	some workload in pods.matches.elsewhere
	workload.namespace in namespaces.matches.namespaces
	result := {
		"code": "standard/two-entries",
		"msg": "either of these two entries will do, and both were meant together",
		"help": "take the second dash away",
		"path": first.path,
	}
}

warn contains result if {
	some at in effective
	guarded(at.direction)
	some peer in at.rule.peers
	names_no_pod(peer)
	peer.entry.namespaceSelector != {}
	not peer.agreed
	result := {
		"code": "standard/whole-namespace",
		"msg": sprintf("every pod of %s gets through, now and later", [concat(", ", peer.matches.namespaces)]),
		"help": "name the pods by a `podSelector` in the same entry",
		"path": peer.path,
	}
}

warn contains result if {
	some at in effective
	guarded(at.direction)
	some peer in at.rule.peers
	peer.entry.namespaceSelector == {}
	not peer.agreed
	result := {
		"code": "standard/every-namespace",
		"msg": "the pods of every namespace get through, those to come too",
		"help": "name the namespaces",
		"path": peer.path,
	}
}

warn contains result if {
	some at in effective
	guarded(at.direction)
	some peer in at.rule.peers
	endswith(peer.entry.ipBlock.cidr, "/0")
	not peer.agreed
	result := any_address(peer.path)
}

warn contains result if {
	some at in effective
	at.direction == "ingress"
	count(at.rule.peers) == 0
	count(at.rule.ports) > 0
	result := any_address(at.rule.path)
}

# Two halves are the whole as well, in two rules for the same ports too.
warn contains result if {
	some at in effective
	guarded(at.direction)
	halves := {peer.entry.ipBlock.cidr |
		some other in effective
		other.direction == at.direction
		{port | some port in other.rule.ports} == {port | some port in at.rule.ports}
		some peer in other.rule.peers
		endswith(peer.entry.ipBlock.cidr, "/1")
		not peer.agreed
	}
	count(halves) == 2
	some peer in at.rule.peers
	peer.entry.ipBlock.cidr in halves
	result := any_address(at.rule.path)
}

any_address(path) := {
	"code": "standard/any-address",
	"msg": "anybody on the internet gets through",
	"help": "write the ranges that are meant",
	"path": path,
}
