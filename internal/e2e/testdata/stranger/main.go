// Command stranger is another user's program: it asks for a role over somebody's socket, or squats one, and prints what
// it is sent.
package main

import (
	"fmt"
	"io"
	"net"
	"os"

	"credd/internal/ipc"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(what, sock string) error {
	if what == "squat" {
		return squat(sock)
	}
	c, err := net.Dial("unix", sock)
	if err != nil {
		return err
	}
	c.Write(ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, "acme/admin"))) // may be refused before
	_, err = io.Copy(os.Stdout, c)
	return err
}

func squat(sock string) error {
	l, err := net.Listen("unix", sock)
	if err != nil {
		return err
	}
	if err := os.Chmod(sock, 0o777); err != nil {
		return err
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		io.Copy(os.Stdout, c)
	}
}
