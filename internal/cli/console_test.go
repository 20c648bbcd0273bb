package cli

import (
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
)

func TestContainers(t *testing.T) {
	for environment, color := range map[string]string{
		"production": "red", " PROD ": "red", "live": "red", "staging": "orange", "Test": "yellow", "dev": "green", "": "blue", "anything": "blue",
	} {
		const address = "http://127.0.0.1:1/A?b&name=evil"
		got := container(signer{owner: "acme&color=pink", environment: environment}, address)
		q, err := url.ParseQuery(strings.TrimPrefix(got, "ext+container:"))
		if err != nil || !strings.HasPrefix(got, "ext+container:") || len(q) != 3 || len(q["name"]) != 1 || q.Get("name") != "acme&color=pink" || q.Get("color") != color || q.Get("url") != address {
			t.Errorf("%q: got %s", environment, got)
		}
	}
}

func TestAnonymous(t *testing.T) {
	env := []string{"HOME=/h", "AWS_PROFILE=x", "aws_session_token=x", "CREDD_SOCK=/x", "AWS_CA_BUNDLE=/x", "DISPLAY=:0", "BROWSER=b", "XAWS_=1", "EMPTY="}
	if got, want := anonymous(env), []string{"HOME=/h", "DISPLAY=:0", "BROWSER=b", "XAWS_=1", "EMPTY="}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConsoleFlags(t *testing.T) {
	home(t)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"two browsers":           {[]string{"acme/admin", "--chromium", "--firefox-container"}, 2, "exclude each other"},
		"a browser to print":     {[]string{"acme/admin", "--print", "--firefox-container"}, 2, "exclude each other"},
		"too short":              {[]string{"acme/admin", "--duration", "899s"}, 2, "not 15m to 12h"},
		"too long":               {[]string{"acme/admin", "--duration", "12h1s"}, 2, "not 15m to 12h"},
		"negative":               {[]string{"acme/admin", "--duration=-1h"}, 2, "not 15m to 12h"},
		"parts of a second":      {[]string{"acme/admin", "--duration", "15m0.5s"}, 2, "whole seconds"},
		"no duration":            {[]string{"acme/admin", "--duration", "long"}, 2, "invalid argument"},
		"a program for nothing":  {[]string{"acme/admin", "--program", "x"}, 2, "--program is for"},
		"profiles for nothing":   {[]string{"acme/admin", "--profile-dir", "x"}, 2, "--profile-dir is for"},
		"an unknown role":        {[]string{"acme/none", "--print"}, 4, "no such role"},
		"an unknown source":      {[]string{"@none", "--print"}, 4, "no such source"},
		"another console":        {[]string{"acme", "--print", "--destination", "https://evil.example"}, 2, "is not of the console"},
		"a hostile region":       {[]string{"acme", "--print", "--region", "x\x1b[31m"}, 2, "is not a region"},
		"a region of elsewhere":  {[]string{"acme", "--print", "--region", "cn-north-1"}, 2, "is not a region of partition aws"},
		"no role at all":         {nil, 2, "does not take 0 arguments"},
		"nobody to ask, so none": {[]string{"acme", "--print"}, 3, "not running"},
	} {
		r := run(t, "", append([]string{"console"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.want) || r.out != "" || strings.Contains(r.err, "\x1b") {
			t.Errorf("%s: got %d\n%s%s\nwant %d and %q", name, r.code, r.out, r.err, c.code, c.want)
		}
	}
}

// What a source's own session is decides AWS, and a partition that has no console here is refused.
func TestConsoleOfASource(t *testing.T) {
	config := home(t)
	put(t, config+"/customers/iso.toml", "version = 1\n[role.admin]\narn = \"arn:aws-iso:iam::012345678901:role/Admin\"\n")
	if r := run(t, "", "console", "iso", "--print"); r.code != 2 || !strings.Contains(r.err, `partition "aws-iso" is not known`) {
		t.Errorf("got %d, %s", r.code, r.err)
	}
	for arn, want := range map[string]string{
		"arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_X_1/ana": "aws",
		"arn:aws-us-gov:sts::210987654321:assumed-role/X/ana":           "aws-us-gov",
		"arn:aws:iam::210987654321:user/ana":                            "",
		"arn:aws:iam::210987654321:user/assumed-role/ana":               "",
		"arn:aws:iam::210987654321:root":                                "",
		"arn:aws:sts::210987654321:federated-user/ana":                  "",
		"arn:aws:iam::210987654321:role/assumed-role/x":                 "",
		"": "",
	} {
		t.Run(arn, func(t *testing.T) {
			config := home(t)
			daemon(t, func(api.Request) any { return api.Identity{Name: "work", ARN: arn, Temporary: true} })
			c := consoleRun{Streams: &Streams{}}
			who, err := c.signer(t.Context(), roster.Load(config, nil), "@work")
			if who.partition != want || (err == nil) != (want != "") {
				t.Errorf("got %q, %v", who.partition, err)
			}
		})
	}
}

func TestBrowserThatIsNotThere(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // elsewhere they are looked for where they are installed
	}
	t.Setenv("PATH", t.TempDir())
	t.Setenv("DISPLAY", ":0")
	for _, c := range []consoleRun{{firefox: true}, {chromium: true}} {
		_, err := c.browser(signer{owner: "acme"})
		if err == nil || !strings.Contains(err.Error(), "no such browser is found") {
			t.Errorf("got %v", err)
		}
	}
}
