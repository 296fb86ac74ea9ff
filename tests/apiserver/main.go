// Command apiserver is a Kubernetes API server for tests: etcd and kube-apiserver in one process, on loopback, with
// nothing behind them: no scheduler, no kubelet, no controllers. It prints READY and takes commands from standard
// input, one a line; when that closes, or on SIGTERM, it ends and leaves nothing behind.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "where to write the kubeconfig")
	flag.Parse()
	if *kubeconfig == "" {
		fail(fmt.Errorf("--kubeconfig is missing"))
	}
	folder, err := os.MkdirTemp("", "sekisho-apiserver-")
	fail(err)
	clean := func() { _ = os.RemoveAll(folder) }
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		clean()
		os.Exit(0)
	}()
	if err := serve(folder, *kubeconfig); err != nil {
		clean()
		fail(err)
	}
	clean()
}

func serve(folder, kubeconfig string) error {
	keys, err := makeKeys(filepath.Join(folder, "keys"))
	if err != nil {
		return err
	}
	store, err := startEtcd(filepath.Join(folder, "etcd"))
	if err != nil {
		return err
	}
	port, ended, err := startServer(folder, keys, store)
	if err != nil {
		return err
	}
	if err := writeKubeconfig(kubeconfig, port, keys); err != nil {
		return err
	}
	cluster, err := connect(kubeconfig)
	if err != nil {
		return err
	}
	if err := cluster.waitReady(ended, 2*time.Minute); err != nil {
		return err
	}
	fmt.Println("READY")
	return commands(cluster)
}

// commands obeys standard input until it closes. Each command is answered by a line, OK or ERROR.
func commands(cluster *cluster) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		verb, argument, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		var err error
		switch verb {
		case "apply":
			err = cluster.apply(argument)
		case "try":
			err = cluster.try(argument)
		case "typecheck":
			err = cluster.typeCheck(argument)
		default:
			err = fmt.Errorf("no command %q", verb)
		}
		if err != nil {
			fmt.Println("ERROR", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Println("OK")
	}
	return lines.Err()
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(1)
	}
}
