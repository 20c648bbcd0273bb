package invite

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// spoil replaces every text in a value, but for those that say how the page is made.
func spoil(v reflect.Value, by func(string) string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem(), by)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			spoil(v.Field(i), by)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(by(string(v.Bytes()))))
			return
		}
		for i := range v.Len() {
			spoil(v.Index(i), by)
		}
	case reflect.String:
		if v.Type() != reflect.TypeFor[markup]() && v.Len() > 0 { // what is not said stays so
			v.SetString(by(v.String()))
		}
	}
}

var hostileTexts = map[string]string{
	"script":           "<script>window.hacked = 1</script>",
	"image":            `<img src=x onerror="window.hacked = 1">`,
	"ends a style":     "</style></title></script><h1>Pwned</h1>",
	"ends a pre":       "</code></pre></main></body><form action=https://evil.example><input name=id>",
	"quotes":           `" onclick="window.hacked=1" x='` + "`",
	"comment":          "<!-- -->--!> <![CDATA[ ]]>",
	"entities":         "&lt;script&gt; &#60; &amp",
	"placeholders":     "{} %s %!d(x) ${a} {{.}}",
	"right to left":    "\u202egnp.exe\u202c \u2067\u05e9\u05dc\u05d5\u05dd\u2069",
	"arabic":           "\u0634\u0631\u0643\u0629 (Acme)",
	"terminal escapes": "\x1b[2J\x1b]0;title\x07\x9b31m",
	"NUL":              "a\x00b",
	"line breaks":      "\r\na\rb\u2028c\u0085",
	"not UTF-8":        "a\xff\xc0\xafb",
	"200 letters":      strings.Repeat("W", 200),
	"URL":              "javascript:window.hacked=1",
	"nothing":          "",
}

// Whatever the names are, the page has the same elements, and shows every character or what stands for it.
func TestPageOfHostileNames(t *testing.T) {
	t.Parallel()
	want := shape(parsed(t, exampleFacts()))
	for name, text := range hostileTexts {
		t.Run(name, func(t *testing.T) {
			f := exampleFacts()
			spoil(reflect.ValueOf(f), func(s string) string { return s + text })
			root := parsed(t, f)
			if diff := cmp.Diff(want, shape(root)); diff != "" {
				t.Errorf("the page has other elements (-want +got):\n%s", diff)
			}
			if all := prose(root); strings.ContainsFunc(all, func(r rune) bool { return unseen(r) }) {
				t.Errorf("something that cannot be seen is on the page: %q", all)
			}
			for d := range root.Descendants() {
				if d.Data == "h1" && content(d) != visible("northwind"+text, "")+" asks for access to your AWS account" {
					t.Errorf("got the title %q", content(d))
				}
			}
		})
	}
}

func TestVisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Acme & S\u00f6hne":        "Acme & S\u00f6hne",
		"\u05e9\u05dc\u05d5\u05dd": "\u05e9\u05dc\u05d5\u05dd",
		"a\x00\x1b\x7fb\n":         "a[U+0000][U+001B][U+007F]b[U+000A]",
		"\u202egnp\u202c":          "[U+202E]gnp[U+202C]",
		"\u200b\ufeff\u00ad":       "[U+200B][U+FEFF][U+00AD]",
		"\u0645\u06cc\u200c":       "\u0645\u06cc\u200c",
		"\x9b\xff":                 "\ufffd\ufffd",
		"\u009b\u2028":             "[U+009B][U+2028]",
		"\U000e0041":               "[U+E0041]",
	} {
		if got := visible(text, ""); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got, want := visible("a\n\tb\r", "\n\t"), "a\n\tb[U+000D]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The page runs its one script, loads nothing, and leads nowhere but to the console.
func TestPageIsShutIn(t *testing.T) {
	t.Parallel()
	f := exampleFacts()
	root := parsed(t, f)
	var policy string
	ids, elements := map[string]int{}, map[string][]*html.Node{}
	for d := range root.Descendants() {
		if d.Type != html.ElementNode {
			continue
		}
		elements[d.Data] = append(elements[d.Data], d)
		if id := attr(d, "id"); id != "" {
			ids[id]++
		}
		if attr(d, "http-equiv") == "Content-Security-Policy" {
			policy = attr(d, "content")
		}
		for _, a := range d.Attr {
			if strings.HasPrefix(a.Key, "on") || slices.Contains([]string{"style", "src", "srcset", "action", "formaction", "ping", "target"}, a.Key) {
				t.Errorf("<%s> has %s=%q", d.Data, a.Key, a.Val)
			}
		}
	}
	for _, name := range []string{"iframe", "object", "embed", "form", "base", "img", "svg", "template"} {
		if len(elements[name]) > 0 {
			t.Errorf("there is a <%s>", name)
		}
	}
	if len(elements["script"]) != 1 || len(elements["style"]) != 1 {
		t.Fatalf("got %d scripts and %d styles, want one of each", len(elements["script"]), len(elements["style"]))
	}
	want := "default-src 'none'; style-src '" + sourceHash(markup(content(elements["style"][0]))) + "'; script-src '" +
		sourceHash(markup(content(elements["script"][0]))) + "'; img-src data:; form-action 'none'; base-uri 'none'"
	if policy != want {
		t.Errorf("got the policy\n%s\nwant\n%s", policy, want)
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%d elements have the id %s", n, id)
		}
	}
	for d := range root.Descendants() {
		for _, a := range d.Attr {
			if slices.Contains([]string{"data-copy", "aria-labelledby"}, a.Key) && ids[a.Val] == 0 {
				t.Errorf("%s=%q leads nowhere", a.Key, a.Val)
			}
			at, anchor := strings.CutPrefix(a.Val, "#")
			if a.Key != "href" || strings.HasPrefix(a.Val, "data:") || a.Val == f.QuickCreate || anchor && ids[at] == 1 {
				continue
			}
			t.Errorf("there is a link to %q", a.Val)
		}
	}
	for name, text := range map[string]markup{"page.css": pageStyle, "page.js": pageScript} {
		if bad := regexp.MustCompile(`(?i)url\(|@import|https?:|innerHTML|eval|</`).FindString(string(text)); bad != "" {
			t.Errorf("%s has %q", name, bad)
		}
	}
	if where := strings.Index(prose(root), "{}"); where >= 0 {
		t.Error("a place was left open")
	}
}
