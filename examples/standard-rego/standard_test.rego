# `sekisho rego test examples/standard-rego`
package standard_test

import data.standard
import rego.v1

# A policy for pods of a bff, with what is given said of its first rule and peer.
policy(rule, peer) := {
	"kind": "NetworkPolicy",
	"metadata": {"name": "trading-bff", "namespace": "trading"},
	"spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "trading-bff"}}},
	"sekisho": {
		"environment": "production",
		"namespace": {"exempt": false, "known": true},
		"has_pods": true,
		"selects": [{"name": "trading-bff", "ports": [{"name": "http", "protocol": "TCP"}]}],
		"rules": {"ingress": [entry(rule, peer)]},
	},
}

entry(rule, peer) := object.union(base, rule) if {
	kind := {"path": "spec.ingress[0].from[0]", "agreed": false}
	base := {
		"path": "spec.ingress[0]",
		"effective": true,
		"ports": ["TCP 8080"],
		"peers": [object.union(kind, peer)],
	}
}

block(cidr) := {"kind": "block", "entry": {"ipBlock": {"cidr": cidr}}, "matches": {"cidrs": [cidr]}}

codes(document) := {result.code | some result in results} if {
	results := standard.results with input as document
}

test_the_load_balancer_may_come if {
	peer := object.union(block("35.191.0.0/16"), {"agreed": true})
	codes(policy({}, peer)) == set()
}

test_the_office_has_no_place_in_production if {
	document := policy({}, block("203.0.113.0/24"))
	codes(document) == {"standard/range-outside-environment"}
	development := object.union(document, {"sekisho": {"environment": "development"}})
	codes(development) == set()
}

test_a_nat_tells_nothing if codes(policy({}, block("192.0.2.9/32"))) == {"standard/cloud-nat"}

test_the_internet_is_too_wide if "standard/any-address" in codes(policy({}, block("0.0.0.0/0")))

test_a_whole_namespace_is_too_wide if {
	selector := {"matchLabels": {"kubernetes.io/metadata.name": "wallet"}}
	peer := {
		"kind": "namespaces",
		"entry": {"namespaceSelector": selector},
		"matches": {"namespaces": ["wallet"]},
	}
	codes(policy({}, peer)) == {"standard/whole-namespace"}
}

test_ports_are_listed if codes(policy({"ports": []}, block("10.0.0.0/8"))) == {"standard/all-ports"}

test_every_port_of_a_protocol_is_meant_where_the_catalog_says_so if {
	document := policy({"ports": ["UDP"]}, block("10.0.0.0/8"))
	codes(document) == {"standard/all-ports"}
	component := {"ports": ["UDP", "TCP 8080"]}
	codes(object.union(document, {"sekisho": {"component": component}})) == set()
}

test_ports_have_names_that_pods_have if {
	codes(policy({"ports": ["TCP http"]}, block("10.0.0.0/8"))) == set()
	codes(policy({"ports": ["TCP grpc"]}, block("10.0.0.0/8"))) == {"standard/port-name-missing"}
}

test_an_empty_rule_is_everything if {
	codes(policy({"ports": [], "peers": []}, {})) == {"standard/empty-rule"}
}

test_a_policy_is_called_after_its_pods if {
	document := object.union(policy({}, block("10.0.0.0/8")), {"metadata": {"name": "allow-lb"}})
	codes(document) == {"standard/name-not-standard"}
}

test_a_namespace_has_a_baseline if {
	document := {
		"kind": "Namespace",
		"sekisho": {"namespace": {"exempt": false}, "has_gaps": false, "workloads": [{}], "policies": []},
	}
	codes(document) == {"standard/no-baseline"}
	baseline := [{"isolates": {"ingress": true}, "spec": {"podSelector": {}}}]
	codes(object.union(document, {"sekisho": {"policies": baseline}})) == set()
}
