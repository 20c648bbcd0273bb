package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// bin is the folder of a target's binaries.
func (r *release) bin(t target) string { return filepath.Join(r.work, "bin", t.os+"_"+t.arch) }

// build makes a target's binaries. What the environment could change in them is set.
func (r *release) build(t target) error {
	flags := fmt.Sprintf("-s -w -X main.version=%[1]s -X credd/internal/cli.Version=%[1]s", r.version)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", r.bin(t) + "/"}
	for _, p := range programs {
		args = append(args, "./cmd/"+p)
	}
	_, err := r.run(t, "go", args...)
	return err
}

// run runs a program in the tree, for a target. It returns what was printed.
func (r *release) run(t target, program string, args ...string) ([]byte, error) {
	cmd := exec.Command(program, args...)
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.root, &out, &errs
	cmd.Env = append(os.Environ(), "GOOS="+t.os, "GOARCH="+t.arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=",
		"CGO_ENABLED=0", "GOWORK=off", "LC_ALL=C", "TZ=UTC", "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.at.Unix(), 10))
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(program), args[0], err, out.Bytes(), errs.Bytes())
	}
	return out.Bytes(), nil
}

// tool is a program that scripts/release-tools installs.
func (r *release) tool(name string) string { return filepath.Join(r.root, ".cache", "bin", name) }

// here is the target that this machine can run.
func here() target { return target{runtime.GOOS, runtime.GOARCH} }
