package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// cluster is the store, the API server before it, and the API server as its admin sees it.
type cluster struct {
	folder, kubeconfig string
	keys               *keys
	etcd               *embed.Etcd
	port               int
	server             *exec.Cmd
	discovery          *discovery.DiscoveryClient
	mapper             *restmapper.DeferredDiscoveryRESTMapper
	dynamic            dynamic.Interface
}

func (c *cluster) begin() (err error) {
	if c.keys, err = makeKeys(filepath.Join(c.folder, "keys")); err != nil {
		return err
	}
	if c.etcd, err = startEtcd(c.store()); err != nil {
		return err
	}
	if c.port, err = freePort(); err != nil {
		return err
	}
	if err := writeKubeconfig(c.kubeconfig, c.port, c.keys); err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	return c.startServer()
}

func (c *cluster) store() string { return filepath.Join(c.folder, "etcd") }

func (c *cluster) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	if c.discovery, err = discovery.NewDiscoveryClientForConfig(config); err != nil {
		return err
	}
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.discovery))
	c.dynamic, err = dynamic.NewForConfig(config)
	return err
}

// startServer starts kube-apiserver as a child of this process, and waits until it is ready.
func (c *cluster) startServer() error {
	if c.server != nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := exec.Command(self, "--serve", c.folder, "--store", endpoint(c.etcd), "--port", strconv.Itoa(c.port))
	server.Stderr = os.Stderr
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := server.Start(); err != nil {
		return err
	}
	c.server = server
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	return c.waitReady(ended, 2*time.Minute)
}

// stopServer kills it, as a crash would.
func (c *cluster) stopServer() {
	if c.server == nil {
		return
	}
	_ = c.server.Process.Kill()
	for c.server.ProcessState == nil {
		time.Sleep(10 * time.Millisecond)
	}
	c.server = nil
}

func (c *cluster) waitReady(ended chan error, limit time.Duration) error {
	deadline := time.After(limit)
	for {
		_, err := c.discovery.RESTClient().Get().AbsPath("/readyz").DoRaw(context.Background())
		if err == nil {
			return nil
		}
		select {
		case why := <-ended:
			return fmt.Errorf("kube-apiserver ended: %v; %w", why, err)
		case <-deadline:
			return fmt.Errorf("kube-apiserver is not ready: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// compact forgets the history of the store: who watches from an older version must list anew (410 Gone).
func (c *cluster) compact() error {
	header, err := c.etcd.Server.Range(context.Background(), &pb.RangeRequest{Key: []byte("/"), CountOnly: true})
	if err != nil {
		return err
	}
	request := &pb.CompactionRequest{Revision: header.Header.Revision, Physical: true}
	_, err = c.etcd.Server.Compact(context.Background(), request)
	return err
}

// save keeps what is in the store, for rewind.
func (c *cluster) save() error { return c.swapStore(c.store(), filepath.Join(c.folder, "saved")) }

// rewind brings back what was saved: the versions of resources are older ones then, as after a backup was restored.
func (c *cluster) rewind() error { return c.swapStore(filepath.Join(c.folder, "saved"), c.store()) }

func (c *cluster) swapStore(from, to string) error {
	c.stopServer()
	c.etcd.Close()
	err := os.RemoveAll(to)
	if err == nil {
		err = os.CopyFS(to, os.DirFS(from))
	}
	if err != nil {
		return err
	}
	if c.etcd, err = startEtcd(c.store()); err != nil {
		return err
	}
	return c.startServer()
}
