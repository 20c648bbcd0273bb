//go:build !windows

package accounts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// The databases of getent(1) that are asked for; both have the number in their third field.
const (
	passwd = "passwd"
	group  = "group"
)

// getents are where the program is; never from PATH. A machine without it has no directory.
var getents = []string{"/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent"}

const (
	notThere = 2        // its exit code for a key that is not in the database
	maxLine  = 64 << 10 // of a group with thousands of members; more is not read
)

// slots bound the processes of this package. Whoever may connect can make it look up a number, and with numbers for user namespaces
// (subuid(5)) many: those wait for each other, and the names of allow for none of them.
var forNames, forNumbers = make(chan struct{}, 4), make(chan struct{}, 4)

// line is an entry of a database.
type line struct {
	name string
	id   uint32
}

// ask asks the directory that the machine belongs to, by the program that knows how: LDAP and the like are modules of the C library.
func ask(ctx context.Context, slots chan struct{}, database, key string) (l line, ok bool, err error) {
	program := ""
	for _, path := range getents {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			program = path
			break
		}
	}
	if program == "" || strings.HasPrefix(key, "-") {
		return line{}, false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return line{}, false, ctx.Err()
	}
	out, err := run(ctx, program, database, key)
	exit := (*exec.ExitError)(nil)
	switch {
	case ctx.Err() != nil:
		return line{}, false, fmt.Errorf("getent %s does not answer: %w", database, ctx.Err())
	case errors.As(err, &exit) && exit.ExitCode() == notThere:
		return line{}, false, nil
	case err != nil:
		return line{}, false, fmt.Errorf("getent %s: %w", database, err)
	}
	l, ok = parse(out)
	if !ok {
		return line{}, false, errAnswer
	}
	return l, true, nil
}

// run returns what the program prints. No variable of ours reaches it.
func run(ctx context.Context, program, database, key string) (string, error) {
	cmd := exec.CommandContext(ctx, program, database, key)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with what it started
	cmd.WaitDelay = timeout
	var b capped
	cmd.Stdout = &b
	err := cmd.Run()
	return string(b), err
}

// capped keeps the beginning of what is written to it.
type capped []byte

func (c *capped) Write(b []byte) (int, error) {
	*c = append(*c, b[:min(len(b), maxLine-len(*c))]...)
	return len(b), nil
}

// parse reads the one entry of an answer: name:x:number:… (passwd(5), group(5)). More than one is an answer to another question.
func parse(out string) (line, bool) {
	first, rest, _ := strings.Cut(out, "\n")
	fields := strings.SplitN(first, ":", 4)
	if rest != "" || len(fields) < 4 || fields[0] == "" {
		return line{}, false
	}
	id, ok := number(fields[2])
	return line{fields[0], id}, ok
}
