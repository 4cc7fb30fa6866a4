// A server as Go's net/http makes it: server PORT [CERTIFICATE KEY]
package main

import (
	"log"
	"net/http"
	"os"
)

func answer(path string, status int) {
	http.HandleFunc(path, func(response http.ResponseWriter, _ *http.Request) {
		response.WriteHeader(status)
		response.Write([]byte("hello"))
	})
}

func main() {
	answer("/ok", 200)
	answer("/users/", 200)
	answer("/missing", 404)
	answer("/broken", 500)
	address := "127.0.0.1:" + os.Args[1]
	if len(os.Args) > 3 {
		log.Fatal(http.ListenAndServeTLS(address, os.Args[2], os.Args[3], nil))
	}
	log.Fatal(http.ListenAndServe(address, nil))
}
