package console

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"
	"time"
)

// What sock_diag(7) takes and answers, as inet_diag.h of Linux lays it out.
const (
	netlinkSockDiag  = 4  // NETLINK_SOCK_DIAG
	sockDiagByFamily = 20 // the type of the request and of its answer
	established      = 1  // TCP_ESTABLISHED

	diagRequest = syscall.NLMSG_HDRLEN + 56 // a struct inet_diag_req_v2
	diagState   = syscall.NLMSG_HDRLEN + 1
	diagOwner   = syscall.NLMSG_HDRLEN + 64 // idiag_uid of struct inet_diag_msg

	diagTimeout = time.Second // for the kernel, which answers at once
)

// errNoDiag is returned where the kernel does not tell of single sockets.
var errNoDiag = errors.New("the kernel has no sock_diag")

// diagnosed asks the kernel whose the socket with this end and that other end is. That takes the same time however many sockets there
// are, so that others cannot make it long by having many. It is false for what is not an established connection.
func diagnosed(local, remote netip.AddrPort) (uid int, ok bool, err error) {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkSockDiag)
	if err != nil {
		return 0, false, errNoDiag
	}
	defer syscall.Close(fd)
	patience := syscall.NsecToTimeval(diagTimeout.Nanoseconds())
	syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &patience)
	if err := syscall.Sendto(fd, diagQuestion(local, remote), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return 0, false, errNoDiag
	}
	answer := make([]byte, 8192)
	n, from, err := syscall.Recvfrom(fd, answer, 0)
	if kernel, is := from.(*syscall.SockaddrNetlink); err != nil || !is || kernel.Pid != 0 {
		return 0, false, errNoDiag
	}
	return ownerOf(answer[:n])
}

// diagQuestion asks for one socket of TCP.
func diagQuestion(local, remote netip.AddrPort) []byte {
	b := make([]byte, 0, diagRequest)
	b = binary.NativeEndian.AppendUint32(b, diagRequest)
	b = binary.NativeEndian.AppendUint16(b, sockDiagByFamily)
	b = binary.NativeEndian.AppendUint16(b, syscall.NLM_F_REQUEST)
	b = append(b, make([]byte, 8)...) // number and sender
	b = append(b, syscall.AF_INET, syscall.IPPROTO_TCP, 0, 0)
	b = binary.NativeEndian.AppendUint32(b, 1<<established)
	b = binary.BigEndian.AppendUint16(b, local.Port())
	b = binary.BigEndian.AppendUint16(b, remote.Port())
	for _, end := range []netip.AddrPort{local, remote} {
		four := end.Addr().Unmap().As4()
		b = append(append(b, four[:]...), make([]byte, 12)...)
	}
	b = append(b, 0, 0, 0, 0)                                        // any interface
	return append(b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // no cookie
}

// ownerOf reads the answer. That there is no such socket is an error of the kernel's, and an answer.
func ownerOf(answer []byte) (uid int, ok bool, err error) {
	if len(answer) < syscall.NLMSG_HDRLEN+4 {
		return 0, false, errNoDiag
	}
	switch kind := binary.NativeEndian.Uint16(answer[4:]); {
	case kind == syscall.NLMSG_ERROR && syscall.Errno(-int32(binary.NativeEndian.Uint32(answer[syscall.NLMSG_HDRLEN:]))) == syscall.ENOENT:
		return 0, false, nil
	case kind != sockDiagByFamily || len(answer) < diagOwner+4:
		return 0, false, errNoDiag
	}
	return int(binary.NativeEndian.Uint32(answer[diagOwner:])), answer[diagState] == established, nil
}
