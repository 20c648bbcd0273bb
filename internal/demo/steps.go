package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

const many = 50

func title(n int, text string) { fmt.Printf("\n── %d. %s\n", n, text) }

// customers adds two customers as a user does, and their profiles.
func customers(ctx context.Context, w *world) error {
	title(1, "Two customers")
	profiles := ""
	for _, c := range []customer{acme, globex} {
		out, err := w.show(ctx, c.externalID, "credd", "role", "add", c.role(), "--arn", c.arn(), "--external-id-stdin")
		if err != nil {
			return fmt.Errorf("role add: %w", err)
		}
		fmt.Print(out)
		profiles += fmt.Sprintf("\n[profile %s]\ncredential_process = \"%s\" %s\nregion = %s\nendpoint_url = %s\n",
			c.role(), filepath.Join(w.bin, "credhelper"), c.role(), region, w.aws.URL())
	}
	if err := w.write(".aws/config", "[profile work]\nregion = %s\nendpoint_url = %s\n%s", region, w.aws.URL(), profiles); err != nil {
		return err
	}
	out, err := w.show(ctx, "", "credd", "role", "list")
	fmt.Print(out)
	return err
}

var secrets = regexp.MustCompile(`"(SecretAccessKey|SessionToken)":"(.{4})[^"]*"`)

// document shows what an SDK gets.
func document(ctx context.Context, w *world) error {
	title(2, "What an SDK gets (secrets shortened)")
	out, err := w.show(ctx, "", "credhelper", acme.role())
	fmt.Print(secrets.ReplaceAllString(out, `"$1":"$2…"`))
	return err
}

// awsCLI uses a profile as every day.
func awsCLI(ctx context.Context, w *world) error {
	title(3, "The AWS CLI through a profile")
	if _, err := exec.LookPath("aws"); err != nil {
		fmt.Println("(no aws on the PATH; any SDK reads the same profile)")
		return nil
	}
	out, err := w.show(ctx, "", "aws", "sts", "get-caller-identity", "--profile", acme.role(), "--output", "text")
	fmt.Print(out)
	return err
}

// crowd starts many helpers at once for a role that nobody has used.
func crowd(ctx context.Context, w *world) error {
	title(4, fmt.Sprintf("%d processes ask for a new role at once", many))
	fmt.Printf("\n$ for i in $(seq %d); do credhelper %s & done; wait\n", many, globex.role())
	documents := make([]string, many)
	var helpers sync.WaitGroup
	for i := range documents {
		helpers.Go(func() {
			out, _ := w.command(ctx, "credhelper", globex.role()).Output()
			documents[i] = string(out)
		})
	}
	helpers.Wait()
	equal := 0
	for _, d := range documents {
		if d != "" && d == documents[0] {
			equal++
		}
	}
	calls := w.aws.CallsFor("AssumeRole", globex.arn())
	fmt.Printf("%d equal documents, %d AssumeRole call\n", equal, calls)
	if equal != many || calls != 1 {
		return fmt.Errorf("want %d equal documents and 1 call", many)
	}
	return nil
}

// strangers uses a wrong external ID.
func strangers(ctx context.Context, w *world) error {
	title(5, "A wrong external ID is refused, and says what is known")
	c := mistake
	out, err := w.show(ctx, acme.externalID, "credd", "role", "add", c.role(), "--arn", c.arn(), "--external-id-stdin")
	if err != nil {
		return fmt.Errorf("role add: %w\n%s", err, out)
	}
	out, err = w.show(ctx, "", "credhelper", c.role())
	fmt.Print(out)
	var exit *exec.ExitError
	if out != "" || !errors.As(err, &exit) || exit.ExitCode() != 6 {
		return fmt.Errorf("want exit code 6 and no output, got %v", err)
	}
	fmt.Println("(exit code 6)")
	return nil
}

var accessKey = regexp.MustCompile(`"AccessKeyId":"(\w+)"`)

// trail asks which process got a key that CloudTrail names.
func trail(ctx context.Context, w *world) error {
	title(6, "Which of my processes made this CloudTrail event?")
	doc, err := w.command(ctx, "credhelper", globex.role()).Output()
	key := accessKey.FindSubmatch(doc)
	if err != nil || key == nil {
		return fmt.Errorf("no document: %v", err)
	}
	out, err := w.show(ctx, "", "credd", "audit", "--access-key", string(key[1]), "--json")
	line, _, _ := strings.Cut(out, "\n")
	fmt.Printf("%s\n(the first of %d lines)\n", line, strings.Count(out, "\n"))
	if err != nil {
		return err
	}
	out, err = w.show(ctx, "", "credd", "status")
	fmt.Print(out)
	return err
}
