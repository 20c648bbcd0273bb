package host

import (
	"net"
	"syscall"
	"unsafe"
)

// pulse sends signs of life over a connection that it keeps, by a raw system call: any other wakes the runtime's monitor, which then
// wakes ten times itself, and an idle daemon should sleep.
type pulse struct{ conn *net.UnixConn }

// send reports whether a sign was sent. It does not wait where the manager has many messages to read.
func (p *pulse) send(n notified) (sent bool) {
	if n.socket == "" {
		return true
	}
	if p.conn == nil {
		c, err := n.dial()
		if err != nil {
			return false
		}
		p.conn = c
	}
	raw, err := p.conn.SyscallConn()
	if err != nil {
		return false
	}
	message := []byte(living)
	err = raw.Control(func(fd uintptr) {
		_, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&message[0])), uintptr(len(message)))
		sent = errno == 0
	})
	if err != nil || !sent {
		p.close() // the manager may have another socket at this place now
	}
	return err == nil && sent
}

func (p *pulse) close() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}
