// A server that answers each request from a new goroutine, one call deeper each time, so that its stack has to grow anywhere,
// in crypto/tls as well: deep_server PORT CERTIFICATE KEY
package main

import (
	"bufio"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"os"
)

var hello = []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

//go:noinline
func answer(conn net.Conn, depth int) byte {
	var frame [16]byte
	if depth == 0 {
		conn.Write(hello)
	} else {
		frame[depth%len(frame)] = answer(conn, depth-1)
	}
	return frame[0]
}

func serve(conn net.Conn) {
	defer conn.Close()
	requests := bufio.NewReader(conn)
	for depth := 0; ; depth++ {
		if _, err := http.ReadRequest(requests); err != nil {
			return
		}
		done := make(chan byte)
		go func() { done <- answer(conn, depth) }()
		<-done
	}
}

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener, err := tls.Listen("tcp", "127.0.0.1:"+os.Args[1], config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn)
	}
}
