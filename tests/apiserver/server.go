package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// The users of the kubeconfig, one context each, known by a token. What each may do, tests say by RBAC objects that
// they apply.
var users = []string{"reader", "tenant", "nobody"}

func tokenOf(user string) string { return user + "-token" }

// runServer is kube-apiserver, until it ends.
func runServer(folder, store string, port int) error {
	keys := keysIn(filepath.Join(folder, "keys"))
	tokens := filepath.Join(folder, "tokens.csv")
	var content string
	for _, user := range users {
		content += fmt.Sprintf("%s,%s,%s\n", tokenOf(user), user, user)
	}
	if err := os.WriteFile(tokens, []byte(content), 0o600); err != nil {
		return err
	}
	command := app.NewAPIServerCommand()
	command.SetArgs([]string{
		"--advertise-address=127.0.0.1",
		"--allow-privileged=true",
		"--authorization-mode=RBAC",
		"--bind-address=127.0.0.1",
		"--client-ca-file=" + keys.authority,
		// There are no controllers: nobody makes service accounts, and nobody refreshes leases.
		"--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none",
		"--etcd-servers=" + store,
		"--secure-port=" + strconv.Itoa(port),
		"--service-account-issuer=https://127.0.0.1",
		"--service-account-key-file=" + keys.server,
		"--service-account-signing-key-file=" + keys.serverKey,
		"--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/108",
		"--tls-cert-file=" + keys.server,
		"--tls-private-key-file=" + keys.serverKey,
		"--token-auth-file=" + tokens,
		"-v=0",
	})
	command.SilenceUsage = true
	return command.Execute()
}

// freePort is a port that was free a moment ago.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
