package invite

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fakeAWS is an AWS CLI that writes its arguments down.
func fakeAWS(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := "#!/bin/sh\nif [ \"$2\" = get-caller-identity ]; then echo \"$ACCOUNT\"; exit; fi\n" +
		"if [ \"$2\" = get-role ]; then echo \"$TRUSTED\"; exit; fi\n" +
		"for a; do printf '%s\\0' \"$a\"; done >>\"$CALLS\"\nprintf '\\0' >>\"$CALLS\"\n"
	check(t, os.WriteFile(filepath.Join(dir, "aws"), []byte(script), 0o755))
	return dir
}

// scripts are an invitation's, in a directory.
type scripts struct {
	t        *testing.T
	dir, aws string
	terms    *Terms
}

func newScripts(t *testing.T, aws string, x *Terms, files map[string]string) *scripts {
	t.Helper()
	s := &scripts{t, t.TempDir(), aws, x}
	for path, text := range files {
		full := filepath.Join(s.dir, path)
		check(t, os.MkdirAll(filepath.Dir(full), 0o700))
		check(t, os.WriteFile(full, []byte(text), 0o600))
	}
	return s
}

// run runs one with a shell and returns the calls of the AWS CLI.
func (s *scripts) run(shell, script string) (calls [][]string) {
	s.t.Helper()
	record := filepath.Join(s.t.TempDir(), "calls")
	cmd := exec.Command(shell, script)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + s.aws + ":" + os.Getenv("PATH"), "CALLS=" + record, "ACCOUNT=" + s.terms.AccountID}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", shell, script, err, out)
	}
	b, err := os.ReadFile(record)
	check(s.t, err)
	for call := range strings.SplitSeq(strings.TrimSuffix(string(b), "\x00\x00"), "\x00\x00") {
		calls = append(calls, strings.Split(call, "\x00"))
	}
	return calls
}

// role is what the calls leave in the account.
func (s *scripts) role(setup bool) deployed {
	s.t.Helper()
	d := deployed{Inline: map[string]any{}, Tags: map[string]string{}}
	calls := s.run("sh", createFile)
	if !setup {
		calls = append(calls, s.run("bash", finishFile)...)
	}
	for _, call := range calls {
		options := map[string]string{}
		for i := 2; i+1 < len(call); i += 2 {
			options[call[i]] = call[i+1]
		}
		s.apply(&d, call[1], options)
	}
	slices.Sort(d.Managed)
	return d
}

func (s *scripts) apply(d *deployed, verb string, o map[string]string) {
	s.t.Helper()
	switch verb {
	case "create-role":
		n, err := strconv.Atoi(o["--max-session-duration"])
		check(s.t, err)
		d.Name, d.Path, d.Description, d.Boundary, d.MaxSession = o["--role-name"], o["--path"], o["--description"], o["--permissions-boundary"], n
		d.Trust = s.read(o["--assume-role-policy-document"])
		if o["--tags"] != "" {
			for _, tag := range s.read(o["--tags"]).([]any) {
				tag := tag.(map[string]any)
				d.Tags[tag["Key"].(string)] = tag["Value"].(string)
			}
		}
	case "wait":
		return
	case "put-role-policy":
		d.Inline[o["--policy-name"]] = s.read(o["--policy-document"])
	case "delete-role-policy":
		delete(d.Inline, o["--policy-name"])
	case "attach-role-policy":
		d.Managed = append(d.Managed, o["--policy-arn"])
	case "detach-role-policy":
		d.Managed = slices.DeleteFunc(d.Managed, func(arn string) bool { return arn == o["--policy-arn"] })
	default:
		s.t.Fatalf("aws iam %s is not expected", verb)
	}
	if o["--role-name"] != s.terms.RoleName {
		s.t.Errorf("aws iam %s: got the role %q", verb, o["--role-name"])
	}
}

func (s *scripts) read(file string) any {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "cli", strings.TrimPrefix(file, "file://")))
	check(s.t, err)
	return value(s.t, string(b))
}
