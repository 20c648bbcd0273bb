// Command server is the floor for the daemon: a goroutine a connection, and always the same document.
package main

import (
	"log"
	"net"
	"os"
	"strings"

	"credd/internal/ipc"
)

func main() {
	l, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	document := []byte(`{"Version":1,"SessionToken":"` + strings.Repeat("x", 900) + `"}`)
	reply := ipc.Append(nil, ipc.KindDocument, document)
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer c.Close()
			if _, _, err := ipc.Read(c, ipc.MaxRequest); err == nil {
				c.Write(reply)
			}
		}()
	}
}
