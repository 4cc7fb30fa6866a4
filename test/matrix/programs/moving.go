// Goroutines that change threads whenever they send, within crypto/tls, at both ends; WHEN is before, after or never:
// moving WHEN serve CERTIFICATE KEY PORT...
// moving WHEN defer CERTIFICATE KEY PORT..., where connections are accepted with their first data
// moving WHEN ask CERTIFICATE URL, which asks once for each line that it reads
// moving WHEN write CERTIFICATE ADDRESS PATH, the same, but only its Write shakes hands
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
)

var when = os.Args[1]

// Goes on in another thread: this one is kept busy until then.
func changeThread() {
	before := syscall.Gettid()
	for syscall.Gettid() == before {
		var hasMoved int32
		go func() {
			for atomic.LoadInt32(&hasMoved) == 0 {
			}
		}()
		runtime.Gosched()
		atomic.StoreInt32(&hasMoved, 1)
	}
}

type movingConn struct{ net.Conn }

func (c movingConn) Write(data []byte) (int, error) {
	if when == "before" {
		changeThread()
	}
	count, err := c.Conn.Write(data)
	if when == "after" {
		changeThread()
	}
	return count, err
}

type movingListener struct{ net.Listener }

func (l movingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return movingConn{conn}, nil
}

func deferAccept(_, _ string, conn syscall.RawConn) error {
	var err error
	set := func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_DEFER_ACCEPT, 10)
	}
	if failed := conn.Control(set); failed != nil {
		return failed
	}
	return err
}

func serve(listening net.ListenConfig, certificateFile, keyFile string, ports []string) error {
	certificate, err := tls.LoadX509KeyPair(certificateFile, keyFile)
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) })
	ended := make(chan error)
	for _, port := range ports {
		listener, err := listening.Listen(context.Background(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			return err
		}
		go func() { ended <- http.Serve(tls.NewListener(movingListener{listener}, config), nil) }()
	}
	return <-ended
}

func trusting(certificateFile string) (*tls.Config, error) {
	certificate, err := os.ReadFile(certificateFile)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}, err
}

func ask(certificateFile, url string) error {
	config, err := trusting(certificateFile)
	if err != nil {
		return err
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, network, address)
		return movingConn{conn}, err
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: config, DisableKeepAlives: true}
	client := &http.Client{Transport: transport}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		response, err := client.Get(url)
		if err != nil {
			return err
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		fmt.Println(response.StatusCode)
	}
	return nil
}

func write(certificateFile, address, path string) error {
	config, err := trusting(certificateFile)
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		plain, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		conn := tls.Client(movingConn{plain}, config)
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		io.Copy(io.Discard, response.Body)
		conn.Close()
		fmt.Println(response.StatusCode)
	}
	return nil
}

func run(what string, words []string) error {
	switch what {
	case "serve":
		return serve(net.ListenConfig{}, words[0], words[1], words[2:])
	case "defer":
		return serve(net.ListenConfig{Control: deferAccept}, words[0], words[1], words[2:])
	case "write":
		return write(words[0], words[1], words[2])
	}
	return ask(words[0], words[1])
}

func main() {
	runtime.GOMAXPROCS(4)
	debug.SetGCPercent(-1) // it would move them as well, when it likes
	if err := run(os.Args[2], os.Args[3:]); err != nil {
		log.Fatal(err)
	}
}
