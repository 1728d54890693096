// SPDX-License-Identifier: BSD-3-Clause

// An echo server in Go, a goroutine for each connection. Prints the port that
// it listens on.
package main

import (
	"fmt"
	"log"
	"net"
)

func echo(peer net.Conn) {
	defer peer.Close()
	buffer := make([]byte, 16*1024)
	for {
		n, err := peer.Read(buffer)
		if err != nil {
			return
		}
		if _, err := peer.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func main() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Addr().(*net.TCPAddr).Port)
	for {
		peer, err := server.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(peer)
	}
}
