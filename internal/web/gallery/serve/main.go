// Command serve shows the gallery while somebody works on the pages:
//
//	go run ./internal/web/gallery/serve
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"tocsin/internal/web/gallery"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8088", "address to listen on")
	flag.Parse()
	h, err := gallery.Handler()
	if err == nil {
		fmt.Printf("http://%s/gallery/\n", *addr)
		err = (&http.Server{Addr: *addr, Handler: h, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
