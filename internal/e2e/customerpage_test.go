//go:build linux

package e2e

import (
	"encoding/base64"
	"html"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is an invitation as a browser shows it.
type page struct {
	t    *testing.T
	text string
}

var (
	pageBlock = regexp.MustCompile(`(?s)<pre class="lines"[^>]* aria-label="([^"]*)"[^>]*><code[^>]*>(.*?)</code></pre>`)
	pageFile  = regexp.MustCompile(`<a [^>]*download="([^"]+)" href="data:[^,"]*;base64,([^"]+)"|<a [^>]*download="([^"]+)" href="data:[^,"]*,([^"]+)"`)
	pageWay   = regexp.MustCompile(`(?s)<details class="way"[^>]*><summary><span>([^<]+)</span>.*?</ol>\s*</details>`)
	markup    = regexp.MustCompile(`<[^>]+>`)
)

// commands are the texts to be run that a part of the page shows, by what stands above them.
func commands(part string) map[string]string {
	all := map[string]string{}
	for _, m := range pageBlock.FindAllStringSubmatch(part, -1) {
		all[html.UnescapeString(m[1])] = html.UnescapeString(markup.ReplaceAllString(m[2], ""))
	}
	return all
}

// under is what stands below the heading of the page that begins so.
func (p page) under(heading string) string {
	p.t.Helper()
	at := regexp.MustCompile(`<h3[^>]*>` + regexp.QuoteMeta(heading)).FindStringIndex(p.text)
	if at == nil {
		p.t.Fatalf("the page has no heading %q", heading)
	}
	before, _, _ := strings.Cut(p.text[at[1]:], "<h3")
	return before
}

// way is what the page says of one way to deploy.
func (p page) way(name string) string {
	p.t.Helper()
	for _, m := range pageWay.FindAllStringSubmatch(p.text, -1) {
		if html.UnescapeString(m[1]) == name {
			return m[0]
		}
	}
	p.t.Fatalf("the page has no way %q", name)
	return ""
}

// deploy is the one command of a way.
func (p page) deploy(name string) string {
	p.t.Helper()
	all := commands(p.way(name))
	if len(all) != 1 {
		p.t.Fatalf("%s: the page shows the commands %q, want one", name, all)
	}
	return slices.Collect(maps.Values(all))[0]
}

// save saves the files of a way as its links do.
func (p page) save(name, dir string) {
	p.t.Helper()
	saved := 0
	for _, m := range pageFile.FindAllStringSubmatch(p.way(name), -1) {
		text := m[4]
		if m[1] != "" {
			b, err := base64.StdEncoding.DecodeString(html.UnescapeString(m[2]))
			check(p.t, err)
			text = string(b)
		} else {
			var err error
			text, err = url.PathUnescape(html.UnescapeString(text))
			check(p.t, err)
		}
		check(p.t, os.MkdirAll(dir, 0o700))
		check(p.t, os.WriteFile(filepath.Join(dir, filepath.Base(m[1]+m[3])), []byte(text), 0o600))
		saved++
	}
	if saved < 2 {
		p.t.Fatalf("%s: the page offers %d files", name, saved)
	}
}
