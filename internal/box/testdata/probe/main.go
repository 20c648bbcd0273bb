//go:build linux

// Probe tries what a sandbox is to forbid, and prints a line for each: its name and "yes", or why not.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"
)

const (
	nobodys = 1 << 22 // no pid: they end below it
	schedRR = 2
)

// home is what the service may write.
var home = os.Args[1]

var probes = []struct {
	name string
	try  func() error
}{
	{"write its own files", write(home)},
	{"write /usr", write("/usr/open")},
	{"write /etc", write("/etc/open")},
	{"write /var", write("/var/open")},
	{"read /home", read("/home/other/secret")},
	{"read /root", read("/root/open/secret")},
	{"read the machine's /tmp", read("/tmp/shared")},
	{"read /usr/lib/modules", func() error { _, err := os.ReadDir("/usr/lib/modules"); return err }},
	{"see devices", func() error { _, err := os.Lstat("/dev/of-the-machine"); return err }},
	{"run set-user-ID programs", func() error {
		out, err := exec.Command("/usr/local/bin/suid-id", "-u").Output()
		if err == nil && string(out) != "0\n" {
			err = fmt.Errorf("it ran as %s", strings.TrimSpace(string(out)))
		}
		return err
	}},
	{"make set-user-ID files", func() error {
		name := filepath.Join(home, "suid")
		defer os.Remove(name)
		if err := os.WriteFile(name, nil, 0o700); err != nil {
			return err
		}
		return syscall.Chmod(name, 0o4700)
	}},
	{"gain capabilities", func() error {
		text, err := os.ReadFile("/proc/self/status")
		if err == nil && strings.Contains(string(text), "CapBnd:\t0000000000000000\n") {
			err = fmt.Errorf("there are none to gain")
		}
		return err
	}},
	{"change its user", raw(syscall.SYS_SETUID, uintptr(os.Getuid()), 0, 0)},
	{"make namespaces", func() error {
		cmd := exec.Command("/bin/true")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
		return cmd.Run()
	}},
	{"mount", func() error {
		if err := syscall.Mount("none", "/mnt", "tmpfs", 0, ""); err != nil {
			return err
		}
		return syscall.Unmount("/mnt", 0)
	}},
	{"map memory to write and run", func() error {
		m, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err == nil {
			err = syscall.Munmap(m)
		}
		return err
	}},
	{"make memory run", func() error {
		m, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return err
		}
		defer syscall.Munmap(m)
		return syscall.Mprotect(m, syscall.PROT_READ|syscall.PROT_EXEC)
	}},
	{"trace processes", but(syscall.ESRCH, raw(syscall.SYS_PTRACE, syscall.PTRACE_ATTACH, nobodys, 0))},
	{"open netlink sockets", socket(syscall.AF_NETLINK, syscall.SOCK_RAW, 0)},
	{"open packet sockets", socket(syscall.AF_PACKET, syscall.SOCK_RAW, 0)},
	{"open raw sockets", socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP)},
	{"open internet sockets", socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)},
	{"become another kind of system", raw(syscall.SYS_PERSONALITY, 0x0040000, 0, 0)}, // ADDR_NO_RANDOMIZE
	{"run before all others", func() error {
		priority := int32(1)
		return raw(syscall.SYS_SCHED_SETSCHEDULER, 0, schedRR, uintptr(unsafe.Pointer(&priority)))()
	}},
	{"change its priority", raw(syscall.SYS_SETPRIORITY, 0, 0, 19)},
	{"name the machine", func() error {
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		return syscall.Sethostname([]byte(name))
	}},
	{"swap", but(syscall.ENOENT, func() error {
		name, _ := syscall.BytePtrFromString("/not-there")
		return raw(syscall.SYS_SWAPOFF, uintptr(unsafe.Pointer(name)), 0, 0)()
	})},
}

func write(dir string) func() error {
	return func() error {
		name := filepath.Join(dir, "written")
		defer os.Remove(name)
		return os.WriteFile(name, nil, 0o600)
	}
}

func read(name string) func() error {
	return func() error { _, err := os.ReadFile(name); return err }
}

func raw(call, a, b, c uintptr) func() error {
	return func() error {
		_, _, e := syscall.RawSyscall(call, a, b, c)
		return errno(e)
	}
}

func errno(e syscall.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

// but takes an error for a yes: that of a call which was allowed and had nothing to do.
func but(fine syscall.Errno, try func() error) func() error {
	return func() error {
		if err := try(); err != fine {
			return err
		}
		return nil
	}
}

func socket(family, kind, protocol int) func() error {
	return func() error {
		fd, err := syscall.Socket(family, kind, protocol)
		if err == nil {
			syscall.Close(fd)
		}
		return err
	}
}

func main() {
	for _, p := range probes {
		if err := p.try(); err != nil {
			fmt.Printf("%s: %v\n", p.name, err)
			continue
		}
		fmt.Printf("%s: yes\n", p.name)
	}
}
