package peer

import (
	"bytes"
	"strconv"
	"sync"
	"syscall"
)

// maxParents bounds the memory of parents: a day of shells, editors and Terraform runs.
const maxParents = 512

// process is one process: a pid alone may get a new owner.
type process struct {
	pid   int
	start uint64 // clock ticks after boot
}

// parents remembers the executables of processes that started helpers. A shell asks all day; reading /proc anew each time
// would halve what the daemon can answer.
var parents = struct {
	sync.Mutex
	exe map[process]string
}{exe: map[process]string{}}

// Process returns the facts of a process that waits for its reply.
func Process(pid int) Facts {
	if pid <= 0 {
		return Facts{}
	}
	ppid, start, ok := stat(pid)
	if !ok {
		return Facts{}
	}
	f := Facts{Exe: exe(pid), ParentPID: ppid}
	if _, again, ok := stat(pid); !ok || again != start {
		return Facts{}
	}
	f.ParentExe = parentExe(ppid)
	return f
}

func parentExe(pid int) string {
	_, start, ok := stat(pid)
	if !ok {
		return ""
	}
	p := process{pid, start}
	parents.Lock()
	name, known := parents.exe[p]
	parents.Unlock()
	if known {
		return name
	}
	name = exe(pid)
	if _, again, ok := stat(pid); !ok || again != start {
		return ""
	}
	parents.Lock()
	defer parents.Unlock()
	if len(parents.exe) >= maxParents {
		clear(parents.exe)
	}
	parents.exe[p] = name
	return name
}

func proc(pid int, file string) string { return "/proc/" + strconv.Itoa(pid) + "/" + file }

// exe returns the path of the executable, "" if the kernel does not show it: of another user's process, for one.
func exe(pid int) string {
	var buf [512]byte
	n, err := syscall.Readlink(proc(pid, "exe"), buf[:])
	if err != nil || n <= 0 || n == len(buf) {
		return ""
	}
	return string(buf[:n])
}

// stat reads the parent and the start time of a process.
func stat(pid int) (ppid int, start uint64, ok bool) {
	fd, err := syscall.Open(proc(pid, "stat"), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, 0, false
	}
	defer syscall.Close(fd)
	var buf [512]byte
	n, err := syscall.Read(fd, buf[:])
	if err != nil {
		return 0, 0, false
	}
	return parseStat(buf[:n])
}

// parseStat reads fields 4 and 22 of /proc/PID/stat (proc(5)). The name before them is in parentheses and may hold
// anything, parentheses and blanks too.
func parseStat(line []byte) (ppid int, start uint64, ok bool) {
	end := bytes.LastIndexByte(line, ')')
	if end < 0 {
		return 0, 0, false
	}
	fields := bytes.Fields(line[end+1:])
	if len(fields) < 20 {
		return 0, 0, false
	}
	ppid, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0, 0, false
	}
	start, err = strconv.ParseUint(string(fields[19]), 10, 64)
	return ppid, start, err == nil
}
