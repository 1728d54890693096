// SPDX-License-Identifier: BSD-3-Clause
// A client of TLS for tests/edge/tls_clients_test.py, which says how it is used.

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"
)

type said struct {
	Version string `json:"version"`
	Alpn    string `json:"alpn"`
	Resumed bool   `json:"resumed"`
	Echo    string `json:"echo"`
	Error   string `json:"error,omitempty"`
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func connect(port string, config *tls.Config) said {
	client, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
	if err != nil {
		return said{Error: err.Error()}
	}
	defer client.Close()
	_, err = client.Write([]byte("hello\nstop\n"))
	check(err)
	echo, err := io.ReadAll(client)
	if err != nil {
		return said{Error: err.Error()}
	}
	names := map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}
	state := client.ConnectionState()
	return said{Version: names[state.Version], Alpn: state.NegotiatedProtocol,
		Resumed: state.DidResume, Echo: string(echo)}
}

func main() {
	port, authority, version, name := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	alpn, cert, key := os.Args[5], os.Args[6], os.Args[7]
	pem, err := os.ReadFile(authority)
	check(err)
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: name,
		ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	config.RootCAs.AppendCertsFromPEM(pem)
	config.MinVersion = map[string]uint16{
		"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[version]
	config.MaxVersion = config.MinVersion
	if alpn != "" {
		config.NextProtos = strings.Split(alpn, ",")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	count, err := strconv.Atoi(os.Args[8])
	check(err)
	for i := 0; i < count; i++ {
		check(json.NewEncoder(os.Stdout).Encode(connect(port, config)))
	}
}
