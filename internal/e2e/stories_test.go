//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"credd/internal/fakeaws"
)

// TestStories runs what users do, one file a story, with the real binaries. Beside testscript's own commands there are:
//
//	awsrole ACCOUNT NAME EXTERNAL-ID [PRINCIPAL]  the customer deploys a role
//	awsdelete ACCOUNT NAME                         … and deletes it
//	calls N                                        AWS saw N AssumeRole calls until now
//	until COMMAND... -- TEXT                       repeats a command until its output holds a text
func TestStories(t *testing.T) {
	stories, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(stories) < 8 {
		t.Fatalf("got %v, %v; want the stories", stories, err)
	}
	for _, file := range stories {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			w := newWorld(t)
			testscript.Run(t, testscript.Params{
				Files: []string{file},
				Setup: func(e *testscript.Env) error {
					e.Values["world"] = w
					e.Vars = append(e.Vars, w.env...)
					e.Setenv("PATH", bin+":"+os.Getenv("PATH"))
					e.Setenv("URL", w.aws.URL())
					e.Setenv("CONFIG", w.path(".config/credd"))
					return os.MkdirAll(w.path(".config/credd/customers"), 0o700)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"awsrole": awsRole, "awsdelete": awsDelete, "calls": calls, "until": until,
				},
			})
		})
	}
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value("world").(*world) }

func awsRole(ts *testscript.TestScript, _ bool, args []string) {
	principal := us
	if len(args) > 3 {
		principal = args[3]
	}
	ts.Check(worldOf(ts).aws.AddRole(fakeaws.Role{
		ARN: "arn:aws:iam::" + args[0] + ":role/" + args[1], Trust: fakeaws.TrustPolicy(principal, args[2]),
	}))
}

func awsDelete(ts *testscript.TestScript, _ bool, args []string) {
	worldOf(ts).aws.DeleteRole("arn:aws:iam::" + args[0] + ":role/" + args[1])
}

func calls(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := worldOf(ts).aws.Calls("AssumeRole"); got != want {
		ts.Fatalf("got %d AssumeRole calls, want %d", got, want)
	}
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	command, want, _ := strings.Cut(strings.Join(args, " "), " -- ")
	words, form := strings.Fields(command), regexp.MustCompile(want)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patient); ; <-tick.C {
		out, _ := w.command(words[0], words[1:]...).CombinedOutput()
		if form.Match(out) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("not in %v: %q in the output of %s, which is\n%s", patient, want, command, out)
		}
	}
}
