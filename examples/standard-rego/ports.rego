# On which ports.
package standard

import rego.v1

deny contains result if {
	some rule in input.sekisho.rules.ingress
	rule.effective
	count(rule.peers) == 0
	count(rule.ports) == 0
	result := {
		"code": "standard/empty-rule",
		"msg": "this rule lets everybody in, on every port",
		"help": "name who is to get in, or delete the rule",
		"path": rule.path,
	}
}

warn contains result if {
	some at in effective
	guarded(at.direction)
	not all_agreed(at.rule.peers)
	opens_all(at)
	result := {
		"code": "standard/all-ports",
		"msg": "this rule is about every port of a protocol",
		"help": "list the ports that are called",
		"path": at.rule.path,
	}
}

all_agreed(peers) if {
	count(peers) > 0
	every peer in peers { peer.agreed }
}

opens_all(at) if {
	count(at.rule.ports) == 0
	count(at.rule.peers) > 0
}

# `TCP 8080` has a port, `TCP` has none.
opens_all(at) if {
	some port in at.rule.ports
	not contains(port, " ")
	not is_meant(at.direction, port)
}

# The catalog says that the component is called on all of them.
is_meant(direction, port) if {
	direction == "ingress"
	port in input.sekisho.component.ports
}

deny contains result if {
	some at in effective
	some port in at.rule.ports
	[protocol, name] := split(port, " ")
	regex.match(`[a-z]`, name)
	workloads := destinations(at)
	count(workloads) > 0
	not has_port(workloads, protocol, name)
	result := {
		"code": "standard/port-name-missing",
		"msg": sprintf("no pod behind this rule calls a %s port `%s`", [protocol, name]),
		"help": "write a name that the containers have, or the number",
		"path": at.rule.path,
	}
}

# Whose ports a rule means: of a rule for what goes out, those that it names.
destinations(at) := input.sekisho.selects if at.direction == "ingress"

destinations(at) := [workload |
	some peer in at.rule.peers
	some workload in peer.matches.workloads
] if {
	at.direction == "egress"
}

has_port(workloads, protocol, name) if {
	some workload in workloads
	some port in workload.ports
	port.protocol == protocol
	port.name == name
}
