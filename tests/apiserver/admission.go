package main

import (
	"context"
	"errors"
	"fmt"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/cel/openapi/resolver"
)

// try asks the server what it would say of each policy of a file, or of all files under a folder, and writes none of
// them. The error has what every one of them is refused for.
func (c *cluster) try(path string) error {
	objects, err := objects(path)
	if err != nil {
		return err
	}
	var refused []error
	for _, object := range objects {
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		mapping, err := c.mapping(object.GroupVersionKind())
		if err != nil {
			return err
		}
		options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
		if _, err := c.resource(mapping, object).Create(context.Background(), object, options); err != nil {
			refused = append(refused, about(object, err))
		}
	}
	return errors.Join(refused...)
}

// typeCheck finds what the controller of the status of a ValidatingAdmissionPolicy would write into
// status.typeChecking; there is no controller here. It looks at each variable as well, of which the controller is
// silent where no validation names it.
func (c *cluster) typeCheck(name string) error {
	resource := schema.GroupVersionResource{
		Group: admission.GroupName, Version: "v1", Resource: "validatingadmissionpolicies",
	}
	found, err := c.dynamic.Resource(resource).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	var policy admission.ValidatingAdmissionPolicy
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(found.Object, &policy); err != nil {
		return err
	}
	checker := validating.TypeChecker{
		SchemaResolver: &resolver.ClientDiscoveryResolver{Discovery: c.discovery},
		RestMapper:     c.mapper,
	}
	var warnings []error
	for _, warning := range checker.Check(&policy) {
		warnings = append(warnings, fmt.Errorf("%s: %s", warning.FieldRef, warning.Warning))
	}
	types := checker.CreateContext(&policy)
	for _, variable := range policy.Spec.Variables {
		if results := checker.CheckExpression(types, variable.Expression); len(results) > 0 {
			warnings = append(warnings, fmt.Errorf("variable %s: %s", variable.Name, results.String()))
		}
	}
	return errors.Join(warnings...)
}
