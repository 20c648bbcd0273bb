//go:build windows

// Command as runs a program with a home of its own: Wine gives each program that a test starts the home of the prefix. It also does
// what a test cannot do from outside.
//
//	as HOME run PROGRAM ARGS...
//	as HOME kill PID
//	as HOME knock PIPE      opens a pipe once: of go-winio's, Wine lets the first client in at an instance that nobody serves
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

func main() { os.Exit(run(os.Args[1], os.Args[2], os.Args[3:])) }

func run(home, what string, args []string) int {
	var err error
	switch what {
	case "kill":
		var pid int
		if pid, err = strconv.Atoi(args[0]); err == nil {
			var p *os.Process
			if p, err = os.FindProcess(pid); err == nil {
				err = p.Kill()
			}
		}
	case "knock":
		var f *os.File
		if f, err = os.OpenFile(args[0], os.O_RDWR, 0); err == nil {
			err = f.Close()
		}
	case "run":
		for name, dir := range map[string]string{"USERPROFILE": "", "APPDATA": `AppData\Roaming`, "LOCALAPPDATA": `AppData\Local`} {
			os.Setenv(name, filepath.Join(home, dir))
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		err = cmd.Run()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "as:", err)
		return 125
	}
	return 0
}
