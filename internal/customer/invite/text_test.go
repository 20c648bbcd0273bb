package invite

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"go.yaml.in/yaml/v3"
)

// TestHostileNamesAreText has each writer's texts read back, in places where they could be something else.
func TestHostileNamesAreText(t *testing.T) {
	for _, s := range append(hostile, "$", "%", "a$", "$$", "$${", "%%{", "${", "\\u0024{", "-", "---", "...", "key: |", "? x", "=", "<<", "\u0085", "\ue000", "\uffff") {
		quotes(t, s)
	}
}

// FuzzQuoting: no text leaves its quotes.
func FuzzQuoting(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { quotes(t, s) })
}

func quotes(t *testing.T, s string) {
	t.Helper()
	want := strings.ToValidUTF8(s, "\ufffd")
	if n := utf8.RuneCountInString(s); n != utf8.RuneCountInString(want) {
		want = string([]rune(s)) // a replacement for each byte, as the writers range over it
	}
	key := s
	if len(yamlText(s)) > 1000 {
		key = "long" // YAML takes keys of 1,024 bytes; so does ReadPolicy
	}
	w := &yamlWriter{}
	w.object(object{{key, list{s, object{{"K", s}, {"L", true}}}}, {"Last", s}}, 0)
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(w.String()), &doc); err != nil {
		t.Fatalf("%q: %v in\n%s", s, err, w)
	}
	top := doc.Content[0]
	inner := top.Content[1].Content
	for i, n := range []*yaml.Node{top.Content[0], inner[0], inner[1].Content[1], top.Content[3]} {
		if i == 0 && key != s {
			continue
		}
		if n.Value != want || n.Tag != "!!str" {
			t.Errorf("YAML: got %s %q, want the text %q", n.Tag, n.Value, want)
		}
	}
	if strings.Count(w.String(), "\n") != 5 || hidden(w.String()) {
		t.Errorf("YAML: %q is not on its lines as it is seen:\n%q", s, w)
	}

	h := &hclWriter{}
	h.body(object{{"a", object{{s, s}}}}, 0, true)
	file, diagnostics := hclsyntax.ParseConfig([]byte(h.String()), "", hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatalf("%q: %v in\n%s", s, diagnostics, h)
	}
	attributes, _ := file.Body.JustAttributes()
	v, diagnostics := attributes["a"].Expr.Value(nil)
	if diagnostics.HasErrors() || len(v.AsValueMap()) != 1 {
		t.Fatalf("%q: %v in\n%s", s, diagnostics, h)
	}
	for key, value := range v.AsValueMap() {
		// HCL takes combined forms for the same as separate ones.
		if nfc := attribute(t, hclText(want)); value.AsString() != nfc || key != nfc || hidden(h.String()) {
			t.Errorf("HCL: got %q = %q, want %q", key, value.AsString(), want)
		}
	}

	if got := value(t, jsonText(s)); got != want {
		t.Errorf("JSON: got %q, want %q", got, want)
	}
}

// attribute is what HCL reads a text as.
func attribute(t *testing.T, text string) string {
	t.Helper()
	e, diagnostics := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if diagnostics.HasErrors() {
		t.Fatalf("%v in %s", diagnostics, text)
	}
	v, _ := e.Value(nil)
	return v.AsString()
}

// hidden reports whether a text has what an editor or a terminal does not show as it is.
func hidden(s string) bool {
	return strings.ContainsAny(s, "\x00\x1b\x7f\r\t\u00ad\u0085\u200b\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2066\u2067\u2068\u2069\ufeff")
}

func TestNamesInDescriptionsAndTags(t *testing.T) {
	for name, want := range map[string]string{
		"Acme Corp":               "Acme Corp",
		"Müller & Söhne":          "Müller & Söhne",
		"a\nb\t\tc ":              "a b c",
		"\u202egnp.exe":           "?gnp.exe",
		"{{resolve:ssm:x}} ${y}":  "((resolve:ssm:x)) $(y)",
		"東京":                      "acme",
		"":                        "acme",
		strings.Repeat("x", 300):  strings.Repeat("x", 200),
		"\x1b[31mred":             "?[31mred",
		"\xff":                    "acme",
		"caf\u0065\u0301 \u00ad!": "cafe? ?!",
	} {
		x := plain(t)
		x.CustomerName = name
		if got := x.description(); got != "Lets northwind (AWS account 210987654321) work in the account of "+want+"." {
			t.Errorf("%q: got %s", name, got)
		}
	}
	for text, want := range map[string]string{"a<b>&c": "a_b__c", "東京 é 1": "東京 é 1", "{x}": "_x_", " a ": "a", "\u202ex": "_x", strings.Repeat("é", 300): strings.Repeat("é", 256)} {
		x := plain(t)
		x.Tags = map[string]string{"k": text}
		if got := x.tags()[0].value; got != want {
			t.Errorf("tag %q: got %q, want %q", text, got, want)
		}
	}
}
