package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// keys are the files of a certificate authority, of the server and of the one user who may do everything.
type keys struct {
	authority, server, serverKey, admin, adminKey string
}

// signer is a certificate that signs others.
type signer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// keysIn names the files in a folder.
func keysIn(folder string) *keys {
	file := func(name string) string { return filepath.Join(folder, name) }
	return &keys{file("ca.crt"), file("server.crt"), file("server.key"), file("admin.crt"), file("admin.key")}
}

func makeKeys(folder string) (*keys, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	made := keysIn(folder)
	authority := x509.Certificate{
		Subject:               pkix.Name{CommonName: "sekisho-test"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	root, err := write(authority, nil, made.authority, filepath.Join(folder, "ca.key"))
	if err != nil {
		return nil, err
	}
	server := x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if _, err := write(server, root, made.server, made.serverKey); err != nil {
		return nil, err
	}
	admin := x509.Certificate{
		Subject:     pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	_, err = write(admin, root, made.admin, made.adminKey)
	return made, err
}

// write makes a key and a certificate for it, signed by itself where there is no signer.
func write(template x509.Certificate, by *signer, certificateFile, keyFile string) (*signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return nil, err
	}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(24 * time.Hour)
	if by == nil {
		by = &signer{&template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, by.certificate, key.Public(), by.key)
	if err != nil {
		return nil, err
	}
	encodedKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	for file, block := range map[string]*pem.Block{
		certificateFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:         {Type: "PRIVATE KEY", Bytes: encodedKey},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, err
		}
	}
	certificate, err := x509.ParseCertificate(der)
	return &signer{certificate, key}, err
}
