package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// version is what a release is called. Each format of packages has its own way to say "before" and "after".
type version struct {
	base  string // 1.2.0
	pre   string // rc.1: it comes before base
	after string // 5.g0123456789ab, commits and which: it comes after base
}

var versions = regexp.MustCompile(`^v?([0-9]+\.[0-9]+\.[0-9]+)(?:-((?:alpha|beta|pre|rc)\.?[0-9]+))?(?:\+([0-9]+(?:\.[0-9A-Za-z]+)*))?$`)

func parseVersion(text string) (version, error) {
	m := versions.FindStringSubmatch(text)
	if m == nil {
		return version{}, fmt.Errorf("%q is no version that every format can write: 1.2.0, 1.2.0-rc.1 and 1.2.0+5.gabc are", text)
	}
	return version{m[1], m[2], m[3]}, nil
}

// String is as in semantic versions; files and the binaries are named so.
func (v version) String() string { return v.join("-", "+") }

// deb is Debian's: ~ is before all, and - begins the revision.
func (v version) deb() string { return v.join("~", "+") }

// rpm is as Debian's.
func (v version) rpm() string { return v.join("~", "+") }

// arch is pacman's, which takes a letter after a number for something that came before.
func (v version) arch() string { return v.join("", "+") }

// apk is Alpine's: a few words with a number each.
func (v version) apk() string {
	pre, after := strings.ReplaceAll(v.pre, ".", ""), v.after
	if after != "" {
		after, _, _ = strings.Cut("git"+after, ".")
	}
	return version{v.base, pre, after}.join("_", "_")
}

func (v version) join(before, after string) string {
	text := v.base
	if v.pre != "" {
		text += before + v.pre
	}
	if v.after != "" {
		text += after + v.after
	}
	return text
}

// described is what `git describe --long --dirty` says: tag, commits since, commit.
var described = regexp.MustCompile(`^(v.+)-([0-9]+)-(g[0-9a-f]+)(-dirty)?$`)

// fromDescribe is the version of a commit: its tag, the tag and how many commits came since, or where there is none its time.
func fromDescribe(text, commit string, at time.Time) (version, error) {
	if m := described.FindStringSubmatch(text); m != nil {
		dirty := strings.ReplaceAll(m[4], "-", ".")
		if m[2] == "0" && dirty == "" {
			return parseVersion(m[1])
		}
		return parseVersion(m[1] + "+" + m[2] + "." + m[3] + dirty)
	}
	dirty := ""
	if strings.HasSuffix(text, "-dirty") {
		dirty = ".dirty"
	}
	return parseVersion("0.0.0+" + at.UTC().Format("20060102150405") + ".g" + commit + dirty)
}

// fromGit returns the version and the time of the commit that is checked out.
func fromGit(root string) (version, time.Time, error) {
	git := func(args ...string) (string, error) {
		out, err := exec.Command("git", append([]string{"-C", root}, args...)...).Output()
		if err != nil {
			return "", fmt.Errorf("git %s: %w: give --version and SOURCE_DATE_EPOCH where there is no repository", args[0], err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	log, err := git("log", "-1", "--abbrev=12", "--format=%h %ct")
	if err != nil {
		return version{}, time.Time{}, err
	}
	commit, seconds, _ := strings.Cut(log, " ")
	at, err := epoch(seconds)
	if err != nil {
		return version{}, time.Time{}, err
	}
	text, err := git("describe", "--tags", "--always", "--long", "--abbrev=12", "--dirty", "--match=v[0-9]*")
	if err != nil {
		return version{}, time.Time{}, err
	}
	v, err := fromDescribe(text, commit, at)
	return v, at, err
}
