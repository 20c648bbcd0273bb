package peer

import (
	"net"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	advapi32 = windows.NewLazySystemDLL("advapi32.dll")

	procImpersonate = advapi32.NewProc("ImpersonateNamedPipeClient")
)

// Of returns the process at the other end of a pipe. Who a client is says the token with which it opened the pipe; who a server is, the
// owner of the pipe. Process ids are for logs only: whoever opened the pipe may hand it on.
func Of(c net.Conn) (Peer, error) {
	h, err := handle(c)
	if err != nil {
		return Peer{}, err
	}
	var flags uint32
	if err := windows.GetNamedPipeInfo(h, &flags, nil, nil, nil); err != nil {
		return Peer{}, err
	}
	if flags&windows.PIPE_SERVER_END == 0 {
		return server(h)
	}
	return client(h)
}

func client(h windows.Handle) (Peer, error) {
	t, err := tokenOf(h)
	if err != nil {
		return Peer{}, err
	}
	defer t.Close()
	u, err := userOf(t)
	if err != nil {
		return Peer{}, err
	}
	groups, err := enabledGroups(t)
	if err != nil {
		return Peer{}, err
	}
	p := Peer{User: u, elevated: slices.Contains(groups, administrators), seen: now()}
	var pid uint32
	if windows.GetNamedPipeClientProcessId(h, &pid) == nil {
		p.PID = int(pid)
	}
	return p, nil
}

func server(h windows.Handle) (Peer, error) {
	d, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return Peer{}, err
	}
	owner, _, err := d.Owner()
	if err != nil {
		return Peer{}, err
	}
	if owner == nil {
		return Peer{}, ErrUnknown
	}
	p := Peer{User: User{SID: owner.String()}, seen: now()}
	var pid uint32
	if windows.GetNamedPipeServerProcessId(h, &pid) == nil {
		p.PID = int(pid)
	}
	return p, nil
}

// handle returns that of a pipe. Other connections, those of package net among them, show none.
func handle(c net.Conn) (windows.Handle, error) {
	p, ok := c.(interface{ Fd() uintptr })
	if !ok {
		return 0, ErrUnknown
	}
	return windows.Handle(p.Fd()), nil
}

// tokenOf returns the token of the client of a pipe. The thread that asks acts as the client meanwhile, so it is one of its own: where
// it cannot turn back it ends, and does no work as somebody else.
func tokenOf(h windows.Handle) (windows.Token, error) {
	type result struct {
		windows.Token
		error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // a goroutine that ends with its thread locked takes the thread along
		t, err := asClient(h)
		if err == nil {
			runtime.UnlockOSThread()
		}
		done <- result{t, err}
	}()
	r := <-done
	return r.Token, r.error
}

func asClient(h windows.Handle) (t windows.Token, err error) {
	if ok, _, err := procImpersonate.Call(uintptr(h)); ok == 0 {
		return 0, err
	}
	err = windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY, true, &t)
	if rerr := windows.RevertToSelf(); rerr != nil {
		if err == nil {
			t.Close()
		}
		return 0, rerr
	}
	return t, err
}

func userOf(t windows.Token) (User, error) {
	u, err := t.GetTokenUser()
	if err != nil {
		return User{}, err
	}
	sid := u.User.Sid.String()
	if sid == "" {
		return User{}, ErrUnknown
	}
	return User{SID: sid}, nil
}

// enabledGroups returns the groups that give rights. Those of an administrator who is not elevated only deny.
func enabledGroups(t windows.Token) ([]string, error) {
	g, err := t.GetTokenGroups()
	if err != nil {
		return nil, err
	}
	var sids []string
	for _, one := range g.AllGroups() {
		if one.Attributes&windows.SE_GROUP_ENABLED != 0 && one.Attributes&windows.SE_GROUP_USE_FOR_DENY_ONLY == 0 {
			sids = append(sids, one.Sid.String())
		}
	}
	return sids, nil
}

// GroupsOf returns the groups of the client of a pipe at the moment when it connected: SIDs, as its token says.
func GroupsOf(c net.Conn, _ Peer) ([]string, error) {
	h, err := handle(c)
	if err != nil {
		return nil, err
	}
	t, err := tokenOf(h)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return enabledGroups(t)
}

// now returns the time in the unit of a process's start: 100 ns.
func now() uint64 {
	var ft windows.Filetime
	windows.GetSystemTimePreciseAsFileTime(&ft)
	return ticks(ft)
}

func ticks(ft windows.Filetime) uint64 { return uint64(ft.HighDateTime)<<32 | uint64(ft.LowDateTime) }

// FactsOf asks Windows while the peer waits for its reply. A process id may get a new owner: the peer's has not if the process started
// before it was accepted, and its parent's has not if that started before its child.
func FactsOf(_ net.Conn, p Peer) Facts {
	if p.PID <= 0 {
		return Facts{}
	}
	h, started, err := open(p.PID)
	if err != nil {
		return Facts{}
	}
	defer windows.CloseHandle(h)
	if started > p.seen {
		return Facts{}
	}
	f := Facts{Exe: exe(h)}
	var info windows.PROCESS_BASIC_INFORMATION
	if windows.NtQueryInformationProcess(h, windows.ProcessBasicInformation, unsafe.Pointer(&info), uint32(unsafe.Sizeof(info)), nil) != nil {
		return f
	}
	parent, before, err := open(int(info.InheritedFromUniqueProcessId))
	if err != nil {
		return f
	}
	defer windows.CloseHandle(parent)
	if before <= started {
		f.ParentPID, f.ParentExe = int(info.InheritedFromUniqueProcessId), exe(parent)
	}
	return f
}

// open opens a process and tells when it started.
func open(pid int) (windows.Handle, uint64, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return 0, 0, err
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err != nil {
		windows.CloseHandle(h)
		return 0, 0, err
	}
	return h, ticks(created), nil
}

// exe returns the path of a process's program, "" if Windows does not show it.
func exe(h windows.Handle) string {
	var buf [windows.MAX_LONG_PATH]uint16
	n := uint32(len(buf))
	if windows.QueryFullProcessImageName(h, 0, &buf[0], &n) != nil {
		return ""
	}
	return syscall.UTF16ToString(buf[:n])
}
