package sts

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

var valid = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

func TestSessionName(t *testing.T) {
	const usual = "{service}-{customer}-{user}"
	long := strings.Repeat("c", 100)
	tests := map[string]struct {
		template string
		names    Names
		want     string
	}{
		"usual":            {usual, Names{"northwind", "acme", "admin", "ana"}, "northwind-acme-ana"},
		"role":             {"{role}@{customer}", Names{Customer: "acme", Role: "admin"}, "admin@acme"},
		"other characters": {usual, Names{"n w", "a/b", "", "ана\x1b"}, "n-w-a-b-----"},
		"customer is cut":  {usual, Names{"northwind", long, "", "ana"}, "northwind-" + strings.Repeat("c", 50) + "-ana"},
		"then the rest":    {usual, Names{long, long, "", "ana"}, strings.Repeat("c", 58) + "-c-ana"},
		"user last":        {"{user}", Names{User: long}, strings.Repeat("c", 64)},
		"twice":            {"{customer}{customer}", Names{Customer: long}, strings.Repeat("c", 64)},
		"too short":        {"x", Names{}, "x-credd"},
		"fixed and long":   {long, Names{}, long[:64]},
		"no recursion":     {"{customer}", Names{Customer: "{user}", User: "eve"}, "-user-"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := SessionName(tt.template, tt.names)
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzSessionName(f *testing.F) {
	f.Add("{service}-{customer}-{user}", "northwind", "acme", "ana")
	f.Add("{user}{user}", "", strings.Repeat("{customer}", 20), "\x00é")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, template, service, customer, user string) {
		if len(template)+len(service)+len(customer)+len(user) > 2000 {
			return // a roster has no longer ones
		}
		if got := SessionName(template, Names{Service: service, Customer: customer, User: user}); !valid.MatchString(got) {
			t.Errorf("got %q, which STS refuses", got)
		}
	})
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 90 * time.Minute: "1h30m", 30 * time.Minute: "30m", 12 * time.Hour: "12h", 100 * time.Second: "1m40s",
	} {
		if got := short(d); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
