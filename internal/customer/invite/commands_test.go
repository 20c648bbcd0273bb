package invite

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestScriptsAreOfAnyShell(t *testing.T) {
	g := seeded(t)
	for range 10 {
		x := g.terms(t)
		for _, f := range x.scripts(externalIDOf(testID)) {
			if strings.HasSuffix(f.Path, ".sh") {
				for _, shell := range []string{"dash", "bash"} {
					cmd := exec.Command(shell, "-n")
					cmd.Stdin = strings.NewReader(string(f.Data))
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%s -n %s: %v %s\n%s", shell, f.Path, err, out, f.Data)
					}
				}
			}
		}
	}
}

// TestAWordIsAWord has shells read back what was quoted.
func TestAWordIsAWord(t *testing.T) {
	for _, shell := range []string{"dash", "bash"} {
		for _, s := range hostile {
			if strings.Contains(s, "\x00") {
				continue // no argument can hold it, and no text of ours lets it through
			}
			out, err := exec.Command(shell, "-c", "printf %s "+shellWord(s)).Output()
			if err != nil || string(out) != s {
				t.Errorf("%s: got %q, %v\nwant %q", shell, out, err, s)
			}
		}
	}
}

// TestScriptsKeepToTheirAccount runs one with credentials of another account.
func TestScriptsKeepToTheirAccount(t *testing.T) {
	x := plain(t)
	files := map[string]string{}
	for _, f := range x.scripts(externalIDOf(testID)) {
		files[f.Path] = string(f.Data)
	}
	aws := fakeAWS(t)
	s := newScripts(t, aws, x, files)
	for _, script := range []string{createFile, deleteFile} {
		cmd := exec.Command("sh", script)
		cmd.Dir = s.dir
		cmd.Env = []string{"PATH=" + aws + ":/usr/bin:/bin", "ACCOUNT=999999999999", "CALLS=/dev/stdout"}
		out, err := cmd.CombinedOutput()
		if want := "these credentials are of account 999999999999, the role belongs into 012345678901\n"; err == nil || string(out) != want {
			t.Errorf("%s: got %v, %q\nwant %q", script, err, out, want)
		}
	}
}

// TestOnlyOurRoleIsDeleted runs delete.sh where a role of that name is not the one of the invitation: create.sh stops at such a one, and
// says to run delete.sh. Both work from any directory, whatever CDPATH is.
func TestOnlyOurRoleIsDeleted(t *testing.T) {
	x := plain(t)
	files := map[string]string{}
	for _, f := range x.scripts(externalIDOf(testID)) {
		files[f.Path] = string(f.Data)
	}
	aws := fakeAWS(t)
	s := newScripts(t, aws, x, files)
	const left = "role northwind-readonly does not let in account 210987654321, so it is left as it is; if it should go, delete it in the console\n"
	for trusted, want := range map[string]string{
		"arn:aws:iam::210987654321:root":                              "",
		"arn:aws:iam::555555555555:root\tarn:aws:iam::210987654321:u": "",
		"arn:aws:iam::555555555555:root":                              left,
		"None":                                                        left,
		"":                                                            left,
	} {
		record := filepath.Join(t.TempDir(), "calls")
		cmd := exec.Command("sh", deleteFile)
		cmd.Dir = s.dir
		cmd.Env = []string{"PATH=" + aws + ":/usr/bin:/bin", "ACCOUNT=" + x.AccountID, "TRUSTED=" + trusted, "CALLS=" + record, "CDPATH=" + elsewhere(t)}
		out, err := cmd.CombinedOutput()
		calls, _ := os.ReadFile(record)
		if deleted := strings.Contains(string(calls), "delete-role\x00"); string(out) != want || deleted != (want == "") || (err == nil) != deleted {
			t.Errorf("%q: got %v, %q, and the calls %q", trusted, err, out, calls)
		}
	}
}

// elsewhere is a directory that has another one named cli.
func elsewhere(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "cli"), 0o700))
	return dir
}

func TestFinishSetup(t *testing.T) {
	x := plain(t)
	if got := x.FinishSetup(); got != nil {
		t.Errorf("one phase: got %v", got)
	}
	x.Setup = &x.Ongoing
	got := x.FinishSetup()
	want := "aws cloudformation update-stack --stack-name northwind-readonly --use-previous-template" +
		" --parameters ParameterKey=ExternalId,UsePreviousValue=true ParameterKey=SetupPermissions,ParameterValue=Off" +
		" --capabilities CAPABILITY_NAMED_IAM --region eu-west-1\n" +
		"aws cloudformation wait stack-update-complete --stack-name northwind-readonly --region eu-west-1"
	if len(got) != 3 || got[0].Text != want {
		t.Errorf("got\n%v\nwant first\n%s", got, want)
	}
}

// TestRevokeSessions runs the command with a shell: the time in it is that of the run.
func TestRevokeSessions(t *testing.T) {
	x := plain(t)
	calls := newScripts(t, fakeAWS(t), x, map[string]string{"run.sh": x.RevokeSessions()[0].Text}).run("sh", "run.sh")
	if want := []string{"iam", "put-role-policy", "--role-name", "northwind-readonly", "--policy-name", "AWSRevokeOlderSessions", "--policy-document"}; len(calls) != 1 || !slices.Equal(calls[0][:7], want) {
		t.Fatalf("got %q", calls)
	}
	var document struct {
		Statement []struct {
			Effect, Action, Resource string
			Condition                map[string]map[string]time.Time
		}
	}
	check(t, json.Unmarshal([]byte(calls[0][7]), &document))
	s := document.Statement[0]
	at := s.Condition["DateLessThan"]["aws:TokenIssueTime"]
	if s.Effect != "Deny" || s.Action != "*" || s.Resource != "*" || time.Since(at).Abs() > time.Minute {
		t.Errorf("got %+v", s)
	}
}

func TestQuickCreate(t *testing.T) {
	id := externalIDOf(testID)
	for partition, host := range map[string]string{
		"aws": "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com", "aws-eusc": "console.amazonaws-eusc.eu", "aws-iso": "",
	} {
		x := plain(t)
		x.Partition, x.Region = partition, partitionRegions[partition][0]
		if got := x.QuickCreate(id); got != "" {
			t.Errorf("without a template's address: got %s", got)
		}
		x.TemplateURL = "https://b.s3.amazonaws.com/a%20b?versionId=1&x=#y"
		got := x.QuickCreate(id)
		if host == "" {
			if got != "" {
				t.Errorf("%s: got %s", partition, got)
			}
			continue
		}
		u, err := url.Parse(got)
		check(t, err)
		_, query, _ := strings.Cut(u.EscapedFragment(), "?")
		values, err := url.ParseQuery(query)
		check(t, err)
		if u.Host != host || u.Query().Get("region") != x.Region || strings.Contains(u.RawQuery, "Canary") || values.Get("templateURL") != x.TemplateURL ||
			values.Get("stackName") != x.Stack || values.Get("param_ExternalId") != testID {
			t.Errorf("%s: got %s", partition, got)
		}
	}
}
