//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/customer/invite"
)

const (
	pageID   = "CANARY7EXTERNAL3ID5PLAIN2A"
	pageTime = 5 * time.Minute // for a browser to look at a page four times and press each button thrice: 20 seconds on an idle machine
)

// invitationSeen is what a customer sees of an invitation in a browser; see invitation.cjs.
type invitationSeen struct {
	Looks []struct {
		As        string
		Width, Of int
		Faint     []string
	}
	Title                         string
	Hacked                        any
	Requests, Complaints, Dialogs []string
	Print                         string
	Copied, ByCommand, ByHand     map[string]copiedText
	Plain                         struct {
		Text    string
		Buttons int
		Saved   map[string]string
	}
}

// copiedText is what a button did.
type copiedText struct{ Text, Selected, Said, Face string }

// inviteTerms ask for two phases with everything that a page can tell.
func inviteTerms(t *testing.T) *invite.Terms {
	t.Helper()
	ongoing, err := invite.Of([]string{"data", "billing"}, []string{"arn:aws:s3:::acme-reports", "arn:aws:dynamodb:eu-west-1:012345678901:table/orders"})
	check(t, err)
	setup, err := invite.ReadPolicy([]byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutLifecycleConfiguration", "Resource": "arn:aws:s3:::acme-reports"}]}`))
	check(t, err)
	return &invite.Terms{
		Service: "northwind", ServiceAccount: ourAccount, Customer: "acme", CustomerName: "Acme Corp", AccountID: account, Partition: "aws",
		Role: "data", RoleName: "NorthwindData", Path: "/northwind/",
		Principals: []string{"arn:aws:iam::" + ourAccount + ":role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_CustomerAccess_*"},
		Ongoing:    ongoing, Setup: &setup, MaxSession: time.Hour, SourceIPs: []string{"192.0.2.0/24", "2001:db8::/48"},
		Until: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), SessionTags: true, SourceIdentity: true, SelfCheck: true, Region: region,
		Stack: "northwind-access", TemplateURL: "https://northwind-templates.s3.eu-west-1.amazonaws.com/acme.yaml",
		Invited: time.Date(2026, 11, 27, 9, 30, 0, 0, time.UTC),
	}
}

// openInvitation makes the folder as a customer gets it, and opens its page in a real browser, for an "all" or a "short" visit. name is that
// of the screenshots.
func openInvitation(t *testing.T, name, visit string, terms *invite.Terms) (*invitationSeen, map[string]string) {
	t.Helper()
	files, err := terms.Folder(cred.NewSecret(pageID))
	check(t, err)
	texts := map[string]string{}
	for _, f := range files {
		texts[f.Path] = string(f.Data)
	}
	temp, err := os.MkdirTemp("", "page") // t.TempDir is too long for the browser's socket
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(temp)) })
	dir := filepath.Join(temp, name)
	check(t, os.Mkdir(dir, 0o700))
	page := filepath.Join(dir, invite.PageFile)
	check(t, os.WriteFile(page, []byte(texts[invite.PageFile]), 0o600))

	modules, err := filepath.Abs("../../.cache/js/browser/node_modules")
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), pageTime)
	defer cancel()
	args := []string{"testdata/browser/invitation.cjs", modules, page, visit}
	if screens := os.Getenv("CREDD_SCREENS"); screens != "" {
		check(t, os.MkdirAll(screens, 0o755))
		args = append(args, screens)
	}
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it then ends the browser
	cmd.WaitDelay = patient
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("a browser with the page: %v (scripts/tools installs it)\n%s", err, &errs)
	}
	seen := &invitationSeen{}
	check(t, json.Unmarshal(out, seen))
	return seen, texts
}

// wantShutIn fails where the page reached out, ran something, complained, or does not fit.
func (s *invitationSeen) wantShutIn(t *testing.T) {
	t.Helper()
	if len(s.Requests)+len(s.Complaints)+len(s.Dialogs) > 0 || s.Hacked != nil {
		t.Errorf("requests %q, complaints %q, dialogs %q, hacked %v; want none", s.Requests, s.Complaints, s.Dialogs, s.Hacked)
	}
	if len(s.Looks) != 4 {
		t.Errorf("looked %d times, want on a phone and at a desk, light and dark", len(s.Looks))
	}
	for _, l := range s.Looks {
		if l.Width > l.Of {
			t.Errorf("%s: the page is %d wide of %d", l.As, l.Width, l.Of)
		}
		if len(l.Faint) > 0 {
			t.Errorf("%s: hard to read: %q", l.As, l.Faint)
		}
	}
	if strings.Contains(s.Print, pageID) {
		t.Error("the external ID is in the print")
	}
}

// The page works from disk, without network, with whatever the browser lets it copy, and without script.
func TestInvitationPage(t *testing.T) {
	t.Parallel()
	terms := inviteTerms(t)
	seen, files := openInvitation(t, "invitation", "all", terms)
	seen.wantShutIn(t)
	if want := "northwind asks for access to AWS account " + account; seen.Title != want {
		t.Errorf("got the title %q, want %q", seen.Title, want)
	}

	// What has to be there to copy, to the byte.
	want := map[string]string{"external-id": pageID, "trust": terms.Trust(cred.NewSecret(pageID))}
	for _, commands := range [][]invite.Command{terms.Deploy(), terms.FinishSetup(), terms.End(), terms.RevokeSessions()} {
		for _, c := range commands {
			want[c.Text] = c.Text
		}
	}
	for name, text := range files {
		if name != invite.PageFile {
			want[name] = text
		}
	}
	for how, copied := range map[string]map[string]copiedText{"clipboard": seen.Copied, "command": seen.ByCommand} {
		var texts []string
		for id, c := range copied {
			texts = append(texts, c.Text)
			if c.Face != "Copied" || !strings.HasSuffix(c.Said, ": copied.") {
				t.Errorf("%s, %s: the button says %q and a screen reader %q", how, id, c.Face, c.Said)
			}
		}
		for name, text := range want {
			if !slices.Contains(texts, text) {
				t.Errorf("%s: %s cannot be copied as it is", how, name)
			}
		}
	}
	for id, c := range seen.ByHand {
		if got, want := strings.TrimRight(c.Selected, "\n"), strings.TrimRight(seen.Copied[id].Text, "\n"); got != want || c.Text != "nothing" {
			t.Errorf("%s: selected is %q, want %q; the clipboard has %q", id, got, want, c.Text)
		}
		if c.Face != "Selected" || !strings.Contains(c.Said, "The text is selected") {
			t.Errorf("%s: the button says %q and a screen reader %q", id, c.Face, c.Said)
		}
	}

	if seen.Plain.Buttons > 0 {
		t.Errorf("without script there are %d buttons that do nothing", seen.Plain.Buttons)
	}
	for name, text := range want {
		if !strings.Contains(seen.Plain.Text, strings.TrimRight(text, "\n")) {
			t.Errorf("without script %s cannot be read", name)
		}
	}
	for name, text := range files {
		if saved, ok := seen.Plain.Saved[filepath.Base(name)]; name != invite.PageFile && (!ok || saved != text) {
			t.Errorf("%s is saved as %q, want %q", name, saved, text)
		}
	}
	if seen.Copied["stack-1-1"].Text != files[invite.TemplateFile] {
		t.Error("the template is not the template's")
	}
}

// Names that mean harm do none, and fit.
func TestInvitationPageOfHostileNames(t *testing.T) {
	t.Parallel()
	const harm = `</title></style><script>window.hacked=1;alert(1);document.title="hacked"</script><img src=https://evil.example/x onerror=alert(2)>`
	for name, hostile := range map[string]string{
		"markup": harm + `" onfocus=alert(1) autofocus x="` + `' onmouseover='alert(1)`,
		"unseen": "\u202e\u2067\u05e9\u05dc\u05d5\u05dd \u202dmoc.live\u202c (Acme) \x1b]0;hacked\x07\x1b[2J\x00\xff\u009b",
		"long":   strings.Repeat("W", 200),
	} {
		t.Run(name, func(t *testing.T) {
			terms := inviteTerms(t)
			terms.Service, terms.CustomerName, terms.Customer = hostile, hostile, hostile
			terms.Tags = map[string]string{"Project": hostile}
			terms.RoleName, terms.Stack = strings.Repeat("R", 64), strings.Repeat("S", 128)
			terms.Ongoing.Plain = append(terms.Ongoing.Plain, hostile)
			seen, files := openInvitation(t, "hostile-"+name, "short", terms)
			seen.wantShutIn(t)
			if !strings.HasSuffix(seen.Title, "asks for access to AWS account "+account) {
				t.Errorf("got the title %q", seen.Title)
			}
			if got := seen.Copied["stack-1-1"].Text; got != files[invite.TemplateFile] {
				t.Errorf("copied is the template\n%q\nwant\n%q", got, files[invite.TemplateFile])
			}
		})
	}
}
