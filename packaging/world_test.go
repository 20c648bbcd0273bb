//go:build linux

// Package packaging holds the tests of what is released: the packages are built, and installed into a real systemd.
package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"credd/internal/box"
	"credd/internal/fakeaws"
)

const (
	older = "0.1.0"
	newer = "0.2.0"

	us      = "arn:aws:iam::210987654321:user/work"
	account = "012345678901"
	region  = "eu-west-1"
)

// arch is that of this machine.
const arch = runtime.GOARCH

// releases is the folder that has one of each version.
var releases string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "credd-packaging-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	releases = dir
	for _, version := range []string{older, newer} {
		cmd := exec.Command("go", "run", "./packaging/release", "--only", "linux/"+arch, "--version", version, "--out", filepath.Join(dir, version))
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "release %s: %v\n%s", version, err, out)
			return 1
		}
	}
	return m.Run()
}

// released is a file of a version.
func released(version, ext string) string {
	return filepath.Join(releases, version, fmt.Sprintf("credd_%s_linux_%s.%s", version, arch, ext))
}

// machine is a box with a user ana, and none of the rules that keep packages of containers from starting services.
func machine(t *testing.T) *box.Box {
	t.Helper()
	b := box.Up(t)
	b.Run(t, "rm", "-f", "/usr/sbin/policy-rc.d", "/var/lib/man-db/auto-update") // and no index of all man pages each time
	b.User(t, "ana", 1500)
	return b
}

// put copies a package in, and says where it is.
func put(t *testing.T, b *box.Box, version, ext string) string {
	t.Helper()
	from := released(version, ext)
	inside := "/var/tmp/" + filepath.Base(from)
	b.Copy(t, from, inside)
	return inside
}

// amazon is a fake AWS with one role, that boxes reach too.
func amazon(t *testing.T) (*fakeaws.Server, fakeaws.Key) {
	t.Helper()
	aws, err := fakeaws.New()
	check(t, err)
	t.Cleanup(aws.Close)
	key, err := aws.AddUser(us)
	check(t, err)
	check(t, aws.AddRole(fakeaws.Role{ARN: roleARN, Trust: fakeaws.TrustPolicy(us, "an-external-id")}))
	return aws, key
}

const roleARN = "arn:aws:iam::" + account + ":role/acme-admin"

// configuration is that of one source and one role, whose AWS files are elsewhere. allow is a line of the customer's file, or nothing.
func configuration(allow string) (credd, acme string) {
	return "version = 1\n\n[service]\nname = \"northwind\"\n\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n\n" +
			"[defaults]\nsource = \"work\"\nregion = \"" + region + "\"\nsession_name = \"{service}-{customer}\"\n",
		"version = 1\naccount_id = \"" + account + "\"\nexternal_id = \"an-external-id\"\n" + allow + "\n[role.admin]\narn = \"" + roleARN + "\"\n"
}

// awsFiles are the AWS CLI's.
func awsFiles(aws *fakeaws.Server, key fakeaws.Key) (config, credentials string) {
	return "[profile work]\nregion = " + region + "\nendpoint_url = " + aws.URL() + "\n",
		"[work]\naws_access_key_id = " + key.ID + "\naws_secret_access_key = " + key.Secret + "\n"
}

// forAna gives ana a credd of her own.
func forAna(t *testing.T, b *box.Box, aws *fakeaws.Server, key fakeaws.Key) {
	t.Helper()
	credd, acme := configuration("")
	config, credentials := awsFiles(aws, key)
	for name, text := range map[string]string{
		".config/credd/credd.toml": credd, ".config/credd/customers/acme.toml": acme, ".aws/config": config, ".aws/credentials": credentials,
	} {
		b.Write(t, "/home/ana/"+name, text, 0o600)
	}
	b.Run(t, "chown", "-R", "ana:ana", "/home/ana")
	b.Run(t, "chmod", "-R", "go=", "/home/ana/.config/credd", "/home/ana/.aws")
}

// forAll gives the machine a credd of its own, with a role that ana may use.
func forAll(t *testing.T, b *box.Box, aws *fakeaws.Server, key fakeaws.Key) {
	t.Helper()
	credd, acme := configuration("allow = { users = [\"ana\"] }\n")
	config, credentials := awsFiles(aws, key)
	b.Write(t, "/etc/credd/credd.toml", credd, 0o640)
	b.Write(t, "/etc/credd/customers/acme.toml", acme, 0o640)
	b.Write(t, "/var/lib/credd/.aws/config", config, 0o600)
	b.Write(t, "/var/lib/credd/.aws/credentials", credentials, 0o600)
	b.Run(t, "chgrp", "-R", "credd", "/etc/credd")
	b.Run(t, "chmod", "2750", "/etc/credd/customers")
	b.Run(t, "chown", "-R", "credd:credd", "/var/lib/credd")
	b.Run(t, "chmod", "-R", "go=", "/var/lib/credd")
}

// says runs a program that may fail, and returns what it wrote on both.
func says(b *box.Box, args ...string) string {
	out, _ := b.Command(args...).CombinedOutput()
	return strings.TrimSpace(string(out))
}

// saysTo is the same as a user.
func saysTo(b *box.Box, user string, args ...string) string {
	out, _ := b.CommandAs(user, args...).CombinedOutput()
	return strings.TrimSpace(string(out))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// expect compares what programs say, by what was asked.
func expect(t *testing.T, when string, of func(args ...string) string, rows [][2]string) {
	t.Helper()
	for _, r := range rows {
		if got := of(strings.Fields(r[0])...); got != r[1] {
			t.Errorf("%s: %s: got %q, want %q", when, r[0], got, r[1])
		}
	}
}
