//go:build linux

package main

import (
	"os/exec"
	"testing"
	"time"
)

func TestVersionsOfEachFormat(t *testing.T) {
	for _, c := range []struct{ in, plain, deb, rpm, apk, arch string }{
		{"1.2.0", "1.2.0", "1.2.0", "1.2.0", "1.2.0", "1.2.0"},
		{"v1.2.0", "1.2.0", "1.2.0", "1.2.0", "1.2.0", "1.2.0"},
		{"1.2.0-rc.1", "1.2.0-rc.1", "1.2.0~rc.1", "1.2.0~rc.1", "1.2.0_rc1", "1.2.0rc.1"},
		{"1.2.0-beta2", "1.2.0-beta2", "1.2.0~beta2", "1.2.0~beta2", "1.2.0_beta2", "1.2.0beta2"},
		{"1.2.0+5.gabc", "1.2.0+5.gabc", "1.2.0+5.gabc", "1.2.0+5.gabc", "1.2.0_git5", "1.2.0+5.gabc"},
		{"1.2.0-rc.1+5.gabc", "1.2.0-rc.1+5.gabc", "1.2.0~rc.1+5.gabc", "1.2.0~rc.1+5.gabc", "1.2.0_rc1_git5", "1.2.0rc.1+5.gabc"},
	} {
		v, err := parseVersion(c.in)
		if err != nil {
			t.Error(err)
			continue
		}
		got := [5]string{v.String(), v.deb(), v.rpm(), v.apk(), v.arch()}
		if want := [5]string{c.plain, c.deb, c.rpm, c.apk, c.arch}; got != want {
			t.Errorf("%s: got %q, want %q", c.in, got, want)
		}
	}
	for _, bad := range []string{"", "1.2", "1.2.0-", "1.2.0-nightly", "1.2.0-rc", "1.2.0+", "1.2.0+gabc", "1.2.0 ", "1.2.0-rc.1/..", "1.2.0\n", "f2b27dc"} {
		if v, err := parseVersion(bad); err == nil {
			t.Errorf("%q: got %v, want an error", bad, v)
		}
	}
}

// TestDebianSortsAsMeant asks dpkg, which has the say.
func TestDebianSortsAsMeant(t *testing.T) {
	order := []string{"0.0.0+20261128011403.gabc", "1.2.0-beta2", "1.2.0-rc.1", "1.2.0-rc.1+5.gabc", "1.2.0", "1.2.0+5.gabc", "1.2.0+12.g1bc", "1.2.1-rc.1", "1.2.1"}
	for i := range order[1:] {
		var pair [2]string
		for j, text := range order[i : i+2] {
			v, err := parseVersion(text)
			if err != nil {
				t.Fatal(err)
			}
			pair[j] = v.deb() + "-1"
		}
		if err := exec.Command("dpkg", "--compare-versions", pair[0], "lt", pair[1]).Run(); err != nil {
			t.Errorf("%s is not before %s", pair[0], pair[1])
		}
	}
}

func TestVersionOfACommit(t *testing.T) {
	at := time.Date(2026, 11, 28, 1, 14, 3, 0, time.UTC)
	for _, c := range []struct{ described, want string }{
		{"v1.2.0-0-g0123456789ab", "1.2.0"},
		{"v1.2.0-0-g0123456789ab-dirty", "1.2.0+0.g0123456789ab.dirty"},
		{"v1.2.0-5-g0123456789ab", "1.2.0+5.g0123456789ab"},
		{"v1.2.0-rc.1-5-g0123456789ab", "1.2.0-rc.1+5.g0123456789ab"},
		{"v1.2.0-rc.1-0-g0123456789ab", "1.2.0-rc.1"},
		{"0123456789ab", "0.0.0+20261128011403.g0123456789ab"},
		{"0123456789ab-dirty", "0.0.0+20261128011403.g0123456789ab.dirty"},
	} {
		v, err := fromDescribe(c.described, "0123456789ab", at)
		if err != nil || v.String() != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.described, v, err, c.want)
		}
	}
	if v, err := fromDescribe("v2-0-g0123456789ab", "0123456789ab", at); err == nil {
		t.Errorf("a tag that is no version: got %s, want an error", v)
	}
}
