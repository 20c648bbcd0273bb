package awsconfig

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCallsUs(t *testing.T) {
	for command, want := range map[string]bool{
		`/usr/local/bin/credhelper acme/admin`:                   true,
		`"C:\Program Files\credd\credhelper.exe" acme/admin`:     true,
		`C:\credd\credhelper.exe acme/admin`:                     true,
		`cmd /c C:\credd\credhelper.exe acme/admin`:              true,
		`sh -c 'exec credhelper acme/admin'`:                     true,
		`/bin/bash -euo pipefail -c "A=1 credhelper acme | cat"`: true,
		`sh -c "sh -c 'credhelper x'"`:                           true,
		`sh /usr/bin/credhelper x`:                               true,
		`env A=1 credhelper x`:                                   true,
		`A=1 B="2 3" credhelper x`:                               true,
		`sudo -u ana -- /opt/credhelper x`:                       true,
		`env -u AWS_PROFILE credd get x`:                         true,
		`exec -a name credhelper x`:                              true,
		`printf x | credhelper x`:                                true,
		`true && credhelper x 2>&1`:                              true,
		`echo "$(credhelper x)"`:                                 true,
		"echo `credhelper x`":                                    true,
		`(credhelper x)`:                                         true,
		`if credhelper x; then :; fi`:                            true,
		`2>/dev/null credhelper x`:                               true,
		`cred"helper" x`:                                         true,
		`\credhelper x`:                                          true,

		`pass show aws/credd`:                      false,
		`pass show credhelper`:                     false,
		`sh -c 'pass show aws/credd'`:              false,
		`sh -c 'pass show aws/credd | jq .' credd`: false,
		`pass show $(whoami)/credd`:                false,
		`cat x > credd`:                            false,
		`cat < /etc/credd; true`:                   false,
		`echo 'a; credhelper x'`:                   false,
		`echo "a; credhelper x"`:                   false,
		`echo a # ; credhelper x`:                  false,
		`echo a\;credhelper x`:                     false,
		`sudo -u credd cat /x`:                     false,
		`env NAME=credd cat`:                       false,
		`/opt/credhelper-tools/other`:              false,
		`aws-vault export --format=json work`:      false,
		`/usr/bin/mycredhelper x`:                  false,
		`/opt/credd/other`:                         false,
		``:                                         false,
		`'`:                                        false,
	} {
		if got := CallsUs(command); got != want {
			t.Errorf("%s: got %v, want %v (%q)", command, got, want, commands(command))
		}
	}
}

func TestRunsUs(t *testing.T) {
	for _, tt := range []struct {
		words []string
		want  bool
	}{
		{[]string{"/opt/with space/credhelper", "x"}, true},
		{[]string{"sh", "-c", "exec credhelper x"}, true},
		{[]string{"sh", "-c", "echo $0", "credhelper"}, false},
		{[]string{"pass", "show", "aws/credd"}, false},
		{[]string{"echo", ";", "credhelper"}, false}, // no shell reads it
		{[]string{"env"}, false},
		{[]string{"sh", "-c"}, false},
		{nil, false},
	} {
		if got := RunsUs(tt.words); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.words, got, tt.want)
		}
	}
}

func TestCommands(t *testing.T) {
	for text, want := range map[string][][]string{
		"a b|c  'd e'&&f":       {{"a", "b"}, {"c", "d e"}, {"f"}},
		"a '' \"\"":             {{"a", "", ""}},
		"a 2>&1 >x <y b":        {{"a", "b"}},
		`a "b $(c 'd)' e) f"`:   {{"c", "d)", "e"}, {"a", "b $ f"}},
		"a \\\"b c\\ d":         {{"a", `"b`, "c d"}},
		"a #b\nc # d":           {{"a"}, {"c"}},
		`a "b`:                  {{"a", "b"}},
		"a $(b":                 {{"b"}, {"a", "$"}},
		`"C:\a b\c.exe" d:\e\f`: {{`C:\a b\c.exe`, `d:\e\f`}},
	} {
		if diff := cmp.Diff(want, commands(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzCallsUs(f *testing.F) {
	for _, text := range []string{"credhelper", "sh -c 'sh -c \"credd\"'", "$(((", "`\"'\\", "a>", "2<&-#"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		us := slices.ContainsFunc(commands(text), RunsUs)
		if got := CallsUs(text); got != us {
			t.Errorf("got %v, want %v", got, us)
		}
		if !CallsUs("credhelper " + text) {
			t.Error("what follows the name hides it")
		}
	})
}
