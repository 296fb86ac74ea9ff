# How pods and policies are called.
package standard

import rego.v1

labels := data.agreed.labels

# The labels of a workload's pods, whatever its kind.
pod_labels := input.metadata.labels if input.kind == "Pod"

pod_labels := input.spec.template.metadata.labels

pod_labels := input.spec.jobTemplate.spec.template.metadata.labels

host_network if input.spec.hostNetwork

host_network if input.spec.template.spec.hostNetwork

host_network if input.spec.jobTemplate.spec.template.spec.hostNetwork

# A workload of which something is asked.
asked if {
	pod_labels
	not host_network
	not input.sekisho.namespace.exempt
	not input.sekisho.has_gaps
}

warn contains result if {
	asked
	not input.sekisho.component
	missing := {key | some key in labels; not pod_labels[key]}
	count(missing) > 0
	result := {
		"code": "standard/labels-missing",
		"msg": sprintf("the pods lack %s", [concat(", ", missing)]),
		"help": "write the labels into the pod template: policies name pods by them",
	}
}

warn contains result if {
	asked
	not input.sekisho.component
	every key in labels { pod_labels[key] }
	component := pod_labels[labels.component]
	not component in data.agreed.components
	result := {
		"code": "standard/labels-missing",
		"msg": sprintf("there is no component `%s`", [component]),
		"help": sprintf("the components are %s", [concat(", ", data.agreed.components)]),
	}
}

warn contains result if {
	input.kind == "NetworkPolicy"
	not input.sekisho.namespace.exempt
	label := input.spec.podSelector.matchLabels[labels.name]
	not is_after(input.metadata.name, label)
	result := {
		"code": "standard/name-not-standard",
		"msg": sprintf("`%s` is the policy of `%s`, and not called so", [input.metadata.name, label]),
		"help": sprintf("call it `%s`", [label]),
		"path": "metadata.name",
	}
}

is_after(name, label) if name == label

is_after(name, label) if {
	startswith(name, sprintf("%s-", [label]))
	count(name) > count(label) + 1
}
