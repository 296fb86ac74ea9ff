// Command apiserver is a Kubernetes API server for tests: etcd in this process and kube-apiserver in a child of it, on
// loopback, with nothing behind them: no scheduler, no kubelet, no controllers. It prints READY and takes commands from
// standard input, one a line; when that closes, or on SIGTERM, it ends and leaves nothing behind.
//
// Under the name kubectl it is kubectl, and under the name kube-proxy it is kube-proxy.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "kubectl":
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	case "kube-proxy":
		os.Exit(cli.Run(proxy.NewProxyCommand()))
	}
	kubeconfig := flag.String("kubeconfig", "", "where to write the kubeconfig")
	serve := flag.String("serve", "", "be kube-apiserver alone, of this folder")
	store := flag.String("store", "", "where etcd listens")
	port := flag.Int("port", 0, "the port to listen at")
	flag.Parse()
	if *serve != "" {
		fail(runServer(*serve, *store, *port))
		return
	}
	if *kubeconfig == "" {
		fail(errors.New("--kubeconfig is missing"))
	}
	folder, err := os.MkdirTemp("", "sekisho-apiserver-")
	fail(err)
	cluster := &cluster{folder: folder, kubeconfig: *kubeconfig}
	clean := func() {
		cluster.stopServer()
		_ = os.RemoveAll(folder)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		clean()
		os.Exit(0)
	}()
	err = cluster.begin()
	if err == nil {
		fmt.Println("READY")
		err = commands(cluster)
	}
	clean()
	fail(err)
}

// commands obeys standard input until it closes. Each command is answered by a line, OK or ERROR.
func commands(cluster *cluster) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		verb, argument, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		// When it was begun is told for those who measure what comes of it, in nanoseconds since 1970.
		begun := time.Now().UnixNano()
		if err := obey(cluster, verb, argument); err != nil {
			fmt.Println("ERROR", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		if verb == "uid" {
			fmt.Println(cluster.uid(argument))
			continue
		}
		if verb == "measure" {
			fmt.Println("OK", begun, time.Now().UnixNano())
			continue
		}
		fmt.Println("OK")
	}
	return lines.Err()
}

func obey(cluster *cluster, verb, argument string) error {
	switch verb {
	case "apply":
		return cluster.apply(argument)
	case "delete":
		return cluster.delete(argument)
	case "uid":
		return nil
	case "measure":
		return cluster.measured(argument)
	case "try":
		return cluster.try(argument)
	case "typecheck":
		return cluster.typeCheck(argument)
	case "stop":
		cluster.stopServer()
		return nil
	case "start":
		return cluster.startServer()
	case "compact":
		return cluster.compact()
	case "save":
		return cluster.save()
	case "rewind":
		return cluster.rewind()
	default:
		return fmt.Errorf("no command %q", verb)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(1)
	}
}
