//go:build !windows

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"credd/internal/ipc"
	"credd/internal/ipc/socket"
	"credd/internal/paths"
)

// serve is the daemon that the tests' helpers start. It notes its pid in $HOME/started, and answers a role with its pid.
// Environment does not reach it, so files in $HOME say how it is to behave.
func serve() int {
	time.AfterFunc(2*patience, func() { os.Exit(3) }) // should a test die before it ends it
	home := os.Getenv("HOME")
	note, err := os.OpenFile(filepath.Join(home, "started"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 1
	}
	fmt.Fprintln(note, os.Getpid())
	note.Close()
	if _, err := os.Stat(filepath.Join(home, "broken")); err == nil {
		fmt.Fprintln(os.Stderr, "credd: error: line 7 is wrong")
		return 2
	}
	path, err := paths.Socket()
	if err != nil {
		return 1
	}
	l, err := socket.Listen(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return 1
		}
		go reply(c)
	}
}

func reply(c *socket.Conn) {
	defer c.Close()
	_, payload, err := ipc.Read(c, ipc.MaxRequest)
	if err != nil {
		return // a helper that only looks whether we listen
	}
	role, err := ipc.ParseCredentials(payload)
	if err != nil {
		return
	}
	c.Write(ipc.Append(nil, ipc.KindDocument, fmt.Appendf(nil, "{\"Version\":1,\"Role\":%q,\"Daemon\":%d}\n", role, os.Getpid())))
}

// eavesdrop says "ready", takes one connection and prints what it sends.
func eavesdrop(path string) int {
	l, err := net.Listen("unix", path)
	if err != nil || os.Chmod(path, 0o666) != nil {
		return 1
	}
	fmt.Println("ready")
	c, err := l.Accept()
	if err != nil {
		return 1
	}
	c.SetDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(c)
	fmt.Printf("%q %v\n", got, err)
	return 0
}
