package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// workers is how many objects of one file are written at a time.
const workers = 16

// apply writes the objects of a file, or of all files under a folder. Namespaces and definitions of kinds come first,
// for the others rest on them; objects of one kind that follow each other are written at the same time.
func (c *cluster) apply(path string) error {
	objects, err := objects(path)
	if err != nil {
		return err
	}
	for len(objects) > 0 {
		end := 1
		for end < len(objects) && objects[end].GroupVersionKind() == objects[0].GroupVersionKind() {
			end++
		}
		if err := c.forEach(objects[:end], c.write); err != nil {
			return err
		}
		objects = objects[end:]
	}
	return nil
}

// measured makes or, behind a minus, takes away the one object of a file, by one request.
func (c *cluster) measured(argument string) error {
	path, gone := strings.CutPrefix(argument, "-")
	objects, err := objects(path)
	if err != nil {
		return err
	}
	for _, object := range objects {
		mapping, err := c.mapper.RESTMapping(object.GroupVersionKind().GroupKind(), object.GroupVersionKind().Version)
		if err != nil {
			return err
		}
		if gone {
			err = c.remove(mapping, object)
		} else {
			err = c.write(mapping, object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// delete removes the objects of a file, or of all files under a folder, at once; those that are not there are no error.
func (c *cluster) delete(path string) error {
	objects, err := objects(path)
	if err != nil {
		return err
	}
	for _, object := range slices.Backward(objects) {
		if err := c.forEach([]*unstructured.Unstructured{object}, c.remove); err != nil {
			return err
		}
	}
	return nil
}

// uid is the answer to who asks for the UID of a pod, NAMESPACE/NAME, as its kubelet would know it.
func (c *cluster) uid(pod string) string {
	namespace, name, _ := strings.Cut(pod, "/")
	pods := c.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"})
	found, err := pods.Namespace(namespace).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		return "ERROR " + err.Error()
	}
	return "OK " + string(found.GetUID())
}

// objects reads the objects of a file or a folder, those first on which others rest.
func objects(path string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".json", ".yaml"}, filepath.Ext(file)) {
			return err
		}
		found, err := read(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		objects = append(objects, found...)
		return nil
	})
	isBase := func(object *unstructured.Unstructured) bool {
		return slices.Contains([]string{"CustomResourceDefinition", "Namespace"}, object.GetKind())
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int {
		switch {
		case isBase(a) == isBase(b):
			return 0
		case isBase(a):
			return -1
		default:
			return 1
		}
	})
	return objects, err
}

func read(file string) ([]*unstructured.Unstructured, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if len(object.Object) == 0 {
			continue
		}
		if !object.IsList() {
			objects = append(objects, object)
			continue
		}
		list, err := object.ToList()
		if err != nil {
			return nil, err
		}
		for index := range list.Items {
			objects = append(objects, &list.Items[index])
		}
	}
}

// forEach does something to objects of one kind, several at a time.
func (c *cluster) forEach(
	objects []*unstructured.Unstructured,
	do func(*meta.RESTMapping, *unstructured.Unstructured) error,
) error {
	mapping, err := c.mapping(objects[0].GroupVersionKind())
	if err != nil {
		return err
	}
	work := make(chan *unstructured.Unstructured)
	failures := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for object := range work {
				if err := do(mapping, object); err != nil {
					failures[worker] = about(object, err)
				}
			}
		})
	}
	for _, object := range objects {
		work <- object
	}
	close(work)
	group.Wait()
	return errors.Join(failures...)
}

func about(object *unstructured.Unstructured, err error) error {
	name := strings.TrimPrefix(object.GetNamespace()+"/"+object.GetName(), "/")
	return fmt.Errorf("%s %s: %w", object.GetKind(), name, err)
}

// write makes the object as `kubectl apply --server-side` does, and then gives it the status that a kubelet or a
// controller would.
func (c *cluster) write(mapping *meta.RESTMapping, object *unstructured.Unstructured) error {
	resource := c.resource(mapping, object)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	options := metav1.ApplyOptions{FieldManager: "sekisho", Force: true}
	status := object.Object["status"]
	delete(object.Object, "status")
	if _, err := resource.Apply(ctx, object.GetName(), object, options); err != nil || status == nil {
		return err
	}
	object.Object["status"] = status
	_, err := resource.ApplyStatus(ctx, object.GetName(), object, options)
	return err
}

func (c *cluster) remove(mapping *meta.RESTMapping, object *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	now := int64(0)
	err := c.resource(mapping, object).Delete(ctx, object.GetName(), metav1.DeleteOptions{GracePeriodSeconds: &now})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// resource is where objects of the kind lie, in the namespace of this one.
func (c *cluster) resource(mapping *meta.RESTMapping, object *unstructured.Unstructured) dynamic.ResourceInterface {
	if mapping.Scope.Name() != meta.RESTScopeNameNamespace {
		return c.dynamic.Resource(mapping.Resource)
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(object.GetNamespace())
}

// mapping finds the resource of a kind. One that was defined a moment ago takes a moment to be served.
func (c *cluster) mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	var mapping *meta.RESTMapping
	var err error
	for range 100 {
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err == nil {
			_, err = c.dynamic.Resource(mapping.Resource).List(context.Background(), metav1.ListOptions{Limit: 1})
		}
		if !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) {
			return mapping, err
		}
		time.Sleep(100 * time.Millisecond)
		c.mapper.Reset()
	}
	return nil, err
}
