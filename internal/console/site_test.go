package console

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"credd/internal/agent/cred"
)

func TestSites(t *testing.T) {
	for name, c := range map[string]struct{ partition, asked, usual, services, signin, page string }{
		"region of the role":        {"aws", "", "eu-west-1", "", "https://eu-west-1.signin.aws.amazon.com/federation", "https://console.aws.amazon.com/console/home?region=eu-west-1"},
		"region asked for":          {"aws", "us-east-1", "eu-west-1", "", "https://signin.aws.amazon.com/federation", "https://console.aws.amazon.com/console/home?region=us-east-1"},
		"no region":                 {"aws", "", "", "", "https://signin.aws.amazon.com/federation", "https://console.aws.amazon.com/console/home"},
		"default of elsewhere":      {"aws-cn", "", "eu-west-1", "", "https://signin.amazonaws.cn/federation", "https://console.amazonaws.cn/console/home"},
		"China":                     {"aws-cn", "", "cn-north-1", "", "https://signin.amazonaws.cn/federation", "https://console.amazonaws.cn/console/home?region=cn-north-1"},
		"China, second region":      {"aws-cn", "cn-northwest-1", "", "", "https://cn-northwest-1.signin.amazonaws.cn/federation", "https://console.amazonaws.cn/console/home?region=cn-northwest-1"},
		"GovCloud":                  {"aws-us-gov", "", "us-gov-west-1", "", "https://signin.amazonaws-us-gov.com/federation", "https://console.amazonaws-us-gov.com/console/home?region=us-gov-west-1"},
		"GovCloud, second region":   {"aws-us-gov", "", "us-gov-east-1", "", "https://us-gov-east-1.signin.amazonaws-us-gov.com/federation", "https://console.amazonaws-us-gov.com/console/home?region=us-gov-east-1"},
		"GovCloud is not us-east-1": {"aws-us-gov", "", "us-east-1", "", "https://signin.amazonaws-us-gov.com/federation", "https://console.amazonaws-us-gov.com/console/home"},
		"Sovereign Cloud":           {"aws-eusc", "", "", "", "https://eusc-de-east-1.signin.amazonaws-eusc.eu/federation", "https://console.amazonaws-eusc.eu/console/home"},
		"simulator":                 {"aws", "", "eu-west-1", "http://127.0.0.1:1/", "http://127.0.0.1:1/federation", "https://console.aws.amazon.com/console/home?region=eu-west-1"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := At(c.partition, c.asked, c.usual, c.services)
			if err != nil {
				t.Fatal(err)
			}
			page, err := s.Destination("")
			if s.signin != c.signin || page != c.page || err != nil {
				t.Errorf("got %s, %s, %v, want %s, %s", s.signin, page, err, c.signin, c.page)
			}
		})
	}
}

func TestNoSite(t *testing.T) {
	for name, c := range map[string]struct{ partition, asked, want string }{
		"secret partition":            {"aws-iso", "", `partition "aws-iso" is not known`},
		"made up":                     {"aws-moon", "us-east-1", `partition "aws-moon" is not known`},
		"none":                        {"", "", `partition "" is not known`},
		"region of another partition": {"aws-cn", "eu-west-1", `"eu-west-1" is not a region of partition aws-cn`},
		"a host in the region":        {"aws", "us-east-1.evil.example/", "is not a region"},
		"a path in the region":        {"aws", "us-east-1/../..", "is not a region"},
		"a line end in the region":    {"aws", "us-east-1\n", "is not a region"},
		"userinfo in the region":      {"aws", "us-east-1@evil.example", "is not a region"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := At(c.partition, c.asked, "", "")
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) || e.Hint == "" {
				t.Errorf("got %v, want %q and a hint", err, c.want)
			}
		})
	}
}

func site(t testing.TB, partition, region string) Site {
	t.Helper()
	s, err := At(partition, "", region, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDestinations(t *testing.T) {
	const home = "https://console.aws.amazon.com"
	s := site(t, "aws", "eu-west-1")
	for text, want := range map[string]string{
		"s3":                home + "/s3/home?region=eu-west-1",
		"elastic-beanstalk": home + "/elastic-beanstalk/home?region=eu-west-1",
		"/":                 home + "/?region=eu-west-1",
		"/s3/home":          home + "/s3/home?region=eu-west-1",
		"/ec2/home?region=us-east-1#Instances:v=3":    home + "/ec2/home?region=us-east-1#Instances:v=3",
		"/ec2/home#Instances:":                        home + "/ec2/home?region=eu-west-1#Instances:",
		"/cloudwatch/home?a=%2F&b=x+y#logsV2:x$252Fy": home + "/cloudwatch/home?a=%2F&b=x+y&region=eu-west-1#logsV2:x$252Fy",
		"/a/../../b":       home + "/b?region=eu-west-1",
		"/a//evil.example": home + "/a//evil.example?region=eu-west-1",
		home + "/s3/home":  home + "/s3/home?region=eu-west-1",
		home:               home + "?region=eu-west-1",
		"https://us-east-2.console.aws.amazon.com/s3":  "https://us-east-2.console.aws.amazon.com/s3?region=eu-west-1",
		"https://s3.console.aws.amazon.com/?region=us": "https://s3.console.aws.amazon.com/?region=us",
	} {
		if got, err := s.Destination(text); got != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	if got, err := site(t, "aws", "").Destination("s3"); got != home+"/s3/home" || err != nil {
		t.Errorf("without a region: got %s, %v", got, err)
	}
}

var hostile = []string{
	"https://evil.example", "https://evil.example/console.aws.amazon.com", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
	"https:evil.example", "https:/evil.example", "https:///evil.example", "http://console.aws.amazon.com/", "javascript:alert(1)", "data:text/html,x",
	"file:///etc/passwd", "https://console.aws.amazon.com@evil.example/", "https://evil.example@console.aws.amazon.com/",
	"https://user:pass@console.aws.amazon.com/", "https://console.aws.amazon.com:8443/", "https://console.aws.amazon.com:/",
	"https://console.aws.amazon.com.evil.example/", "https://evilconsole.aws.amazon.com/", "https://aws.amazon.com/", "https://signin.aws.amazon.com/oauth",
	"https://console.amazonaws.cn/s3", "https://console.aws.amazon.com\r\nSet-Cookie: a=b", "/s3/home\r\nLocation: https://evil.example", "/s3 home", "/s3\x00",
	"https://console.aws.amazon.com%2eevil.example/", "https://ⓒonsole.aws.amazon.com/", "HTTPS://EVIL.EXAMPLE", "s3/home", "S3", "../s3", "?x", "#x", ".",
	"https://.console.aws.amazon.com.", "/%zz", "-s3", strings.Repeat("a", 65), "/" + strings.Repeat("a", 2000),
}

func TestHostileDestinations(t *testing.T) {
	s := site(t, "aws", "eu-west-1")
	for _, text := range hostile {
		got, err := s.Destination(text)
		var e *Error
		if got != "" || !errors.As(err, &e) || e.Hint == "" || strings.ContainsAny(e.Message, "\r\n\x00") {
			t.Errorf("%q: got %q, %v, want an error", text, got, err)
		}
	}
}

func FuzzDestination(f *testing.F) {
	for _, text := range append(hostile, "s3", "/s3/home?region=x#y", "https://s3.console.aws.amazon.com/s3?a=b&c") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := site(t, "aws", "eu-west-1").Destination(text)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.Host != "console.aws.amazon.com" && !strings.HasSuffix(u.Host, ".console.aws.amazon.com") {
			t.Errorf("%q leads to %q", text, got)
		}
		if strings.ContainsAny(got, " \r\n\\\x00") || !strings.HasPrefix(got, "https://") {
			t.Errorf("%q gives %q", text, got)
		}
	})
}

func TestURL(t *testing.T) {
	const page = "https://console.aws.amazon.com/s3/home?region=eu-west-1&a=b#c"
	secret := site(t, "aws", "us-east-1").URL(page, cred.NewSecret("to+ken/=&x"))
	u, err := url.Parse(secret.Reveal())
	if err != nil || u.Scheme+"://"+u.Host+u.Path != "https://signin.aws.amazon.com/federation" {
		t.Fatalf("got %v, %v", u, err)
	}
	q := u.Query()
	if len(q) != 4 || q.Get("Action") != "login" || q.Get("Destination") != page || q.Get("SigninToken") != "to+ken/=&x" || q.Get("Issuer") != "credd" {
		t.Errorf("got %v", q)
	}
}
