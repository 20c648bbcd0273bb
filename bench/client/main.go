// Command client is the floor for credhelper: the same wire over bare system calls, without any check.
package main

import (
	"os"
	"syscall"
)

func main() {
	role := os.Args[2]
	n := len(role) + 5
	frame := append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 1, 1, 0, byte(len(role) >> 8), byte(len(role))}, role...)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		syscall.Exit(1)
	}
	if syscall.Connect(fd, &syscall.SockaddrUnix{Name: os.Args[1]}) != nil {
		syscall.Exit(1)
	}
	syscall.Write(fd, frame)
	var buf [8192]byte
	got := 0
	for {
		k, err := syscall.Read(fd, buf[got:])
		if err != nil || k == 0 {
			syscall.Exit(1)
		}
		got += k
		if got >= 5 && got >= 4+(int(buf[0])<<24|int(buf[1])<<16|int(buf[2])<<8|int(buf[3])) {
			break
		}
	}
	syscall.Write(1, buf[5:got])
}
