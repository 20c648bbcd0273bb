package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"credd/internal/fakeaws"
)

const (
	invited = "umbrella/monitoring"
	theirs  = "445566778899"
)

// invitation lets a new customer in: what we send, what they run, and the proof that it holds.
func invitation(ctx context.Context, w *world) error {
	title(9, "A new customer: invited, let in, proven")
	key, err := w.aws.AddUser("arn:aws:iam::" + theirs + ":user/admin")
	if err != nil {
		return err
	}
	if err := w.aws.SetPolicies("arn:aws:iam::"+theirs+":user/admin", fakeaws.Administrator); err != nil {
		return err
	}
	w.theirs, w.sent = key, filepath.Join(w.home, "invitation-umbrella")
	out, err := w.show(ctx, "", "credd", "customer", "invite", "umbrella", "--account", theirs, "--permissions", "monitoring", "--self-check", "--out", w.sent)
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	fmt.Println("\n(the customer runs what the page says, in their own account:)")
	if err := w.customerRuns(ctx, "create-stack"); err != nil {
		return err
	}
	out, err = w.show(ctx, "", "credd", "customer", "verify", "umbrella")
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	out, err = w.show(ctx, "", "credhelper", invited)
	fmt.Print(secrets.ReplaceAllString(out, `"$1":"$2…"`))
	return err
}

// leaving has the customer end it. The next session is denied, and the customer is filed away.
func leaving(ctx context.Context, w *world) error {
	title(10, "… and gone again: the customer deletes the stack")
	if err := w.customerRuns(ctx, "delete-stack"); err != nil {
		return err
	}
	if err := w.command(ctx, "credd", "forget", invited).Run(); err != nil { // its session would live for an hour
		return fmt.Errorf("forget: %w", err)
	}
	fmt.Println("\n(once the session that they let out is over:)")
	out, err := w.show(ctx, "", "credhelper", invited)
	var exit *exec.ExitError
	if out != "" || !errors.As(err, &exit) || exit.ExitCode() != 6 {
		return fmt.Errorf("want exit code 6 and no output, got %v", err)
	}
	out, err = w.show(ctx, "", "credd", "customer", "show", "umbrella")
	fmt.Print(out)
	if err != nil {
		return fmt.Errorf("show: %w", err)
	}
	fmt.Println("\n$ credd customer retire umbrella --yes")
	done, err := w.command(ctx, "credd", "customer", "retire", "umbrella", "--yes").Output()
	if err != nil {
		return fmt.Errorf("retire: %w", err)
	}
	said, _, _ := strings.Cut(string(done), "\n\n")
	fmt.Println(said + "\n(and the commands by which the customer ends it, to be sent to those who have not)")
	return nil
}

var (
	commandLines = regexp.MustCompile(`(?s)<pre class="lines"[^>]*><code[^>]*>(.*?)</code></pre>`)
	markup       = regexp.MustCompile(`<[^>]+>`)
)

// customerRuns runs the lines of the page that do something with a stack, as the customer: by the AWS CLI, or by a client of the
// demo's own where there is none.
func (w *world) customerRuns(ctx context.Context, what string) error {
	page, err := os.ReadFile(filepath.Join(w.sent, "invitation.html"))
	if err != nil {
		return err
	}
	lines := ""
	for _, m := range commandLines.FindAllStringSubmatch(string(page), -1) {
		if text := html.UnescapeString(markup.ReplaceAllString(m[1], "")); lines == "" && strings.Contains(text, "aws cloudformation "+what+" ") {
			lines = text
		}
	}
	if lines == "" {
		return fmt.Errorf("the page has no command with %s", what)
	}
	fmt.Println()
	for line := range strings.Lines(lines) {
		fmt.Println("customer$ " + strings.TrimSpace(line))
	}
	if _, err := exec.LookPath("aws"); err != nil {
		fmt.Println("(no aws on the PATH: the demo asks the simulator itself)")
		return w.stack(ctx, what)
	}
	cmd := exec.CommandContext(ctx, "sh", "-ec", lines)
	cmd.Dir = w.sent
	cmd.Env = []string{"HOME=" + w.sent, "PATH=" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + w.aws.URL(),
		"AWS_ACCESS_KEY_ID=" + w.theirs.ID, "AWS_SECRET_ACCESS_KEY=" + w.theirs.Secret}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", what, err, out)
	}
	return nil
}
