package main

import (
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// writeKubeconfig writes a kubeconfig that needs no other file: a context `admin`, by certificate, and one for each of
// the users, by token.
func writeKubeconfig(path string, port int, keys *keys) error {
	authority, err := os.ReadFile(keys.authority)
	if err != nil {
		return err
	}
	certificate, err := os.ReadFile(keys.admin)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(keys.adminKey)
	if err != nil {
		return err
	}
	config := api.NewConfig()
	config.Clusters["test"] = &api.Cluster{
		Server:                   fmt.Sprintf("https://127.0.0.1:%d", port),
		CertificateAuthorityData: authority,
	}
	config.AuthInfos["admin"] = &api.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
	for _, user := range users {
		config.AuthInfos[user] = &api.AuthInfo{Token: tokenOf(user)}
	}
	for user := range config.AuthInfos {
		config.Contexts[user] = &api.Context{Cluster: "test", AuthInfo: user}
	}
	config.CurrentContext = "admin"
	return clientcmd.WriteToFile(*config, path)
}
