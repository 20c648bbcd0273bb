package invite

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"

	"credd/internal/agent/cred"
)

//go:embed page.css
var pageStyle markup

//go:embed page.js
var pageScript markup

// page is the invitation as one HTML file, which a customer gets by mail, opens from disk, and decides by. It holds the external ID:
// the customer needs it.
func (t *Terms) page(id cred.Secret) []byte { return t.facts(id).html() }

// html writes the page. Without script everything is there but the copy buttons.
func (f *pageFacts) html() []byte {
	w := &pageWriter{}
	f.head(w)
	w.raw("<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n")
	f.banner(w)
	w.raw("<div class=\"columns\">\n")
	f.contents(w)
	w.raw("<main id=\"main\" tabindex=\"-1\">\n")
	f.may(w)
	f.mayNot(w)
	f.howLong(w)
	f.whoGetsIn(w)
	f.create(w)
	f.cloudTrail(w)
	f.limit(w)
	f.end(w)
	w.raw("</main>\n</div>\n")
	f.footer(w)
	w.raw("<p id=\"said\" class=\"out-of-sight\" role=\"status\" aria-live=\"polite\"></p>\n<script>")
	w.raw(pageScript)
	w.raw("</script>\n</body>\n</html>\n")
	return []byte(w.b.String())
}

// head shuts the page in: it loads nothing, sends nothing, and runs the one script that is known by its hash.
func (f *pageFacts) head(w *pageWriter) {
	w.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\"")
	w.attr("content", "default-src 'none'; style-src '"+sourceHash(pageStyle)+"'; script-src '"+sourceHash(pageScript)+
		"'; img-src data:; form-action 'none'; base-uri 'none'")
	w.raw(">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
		"<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"format-detection\" content=\"telephone=no\">\n<meta name=\"robots\" content=\"noindex\">\n<title>")
	w.text(f.Terms.Service)
	w.raw(" asks for access to AWS account ")
	w.text(f.Terms.AccountID)
	w.raw("</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>")
	w.raw(pageStyle)
	w.raw("</style>\n</head>\n")
}

// sourceHash is how a content security policy names an inline style or script.
func sourceHash(m markup) string {
	sum := sha256.Sum256([]byte(m))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// banner is what a manager reads: who asks for what, in whose account, until when.
func (f *pageFacts) banner(w *pageWriter) {
	t := f.Terms
	w.raw("<header class=\"banner\">\n<div class=\"inner\">\n")
	w.say("<p class=\"eyebrow\">Invitation for {}</p>\n", f.customer())
	w.say("<h1>{} asks for access to your AWS account</h1>\n", t.Service)
	w.raw("<p class=\"lead\">You create one role in your account. It stays yours: you see each session that begins, and you end it without asking us. " +
		"No password and no access key changes hands.</p>\n")
	w.raw("<div class=\"way-in\">\n")
	w.say("<p><span class=\"label\">Who asks</span> <strong>{}</strong> <span>AWS account <code>{}</code></span></p>\n", t.Service, t.ServiceAccount)
	w.raw("<p class=\"arrow\" aria-hidden=\"true\"></p>\n")
	w.say("<p><span class=\"label\">By the role</span> <strong>{}</strong> <span>with an external ID</span></p>\n", t.RoleName)
	w.raw("<p class=\"arrow\" aria-hidden=\"true\"></p>\n")
	w.say("<p><span class=\"label\">Into your account</span> <strong>{}</strong> <span>AWS account <code>{}</code></span></p>\n", f.customer(), t.AccountID)
	w.raw("</div>\n<dl class=\"short\">\n<div><dt>To do what</dt><dd>")
	f.inShort(w)
	w.raw("</dd></div>\n<div><dt>For how long</dt><dd>")
	w.say("A session ends by itself after {} at most. ", hours(t.MaxSession))
	if t.Until.IsZero() {
		w.raw("There are new ones until you end it.")
	} else {
		w.say("There are no new ones after {}.", moment(t.Until))
	}
	w.raw("</dd></div>\n<div><dt>How it ends</dt><dd>")
	w.say("You delete the role, or the stack that made it. A session that is alive then ends within {}.</dd></div>\n</dl>\n", hours(t.MaxSession))
	w.raw("<p class=\"actions\"><a class=\"button\" href=\"#create\">Create the role</a> <a class=\"button quiet\" href=\"#end\">How to end it</a></p>\n")
	w.say("<p class=\"note\"><strong>Did you expect this?</strong> Before you create anything, ask the person you know at {} whether account "+
		"<code>{}</code> is theirs: by telephone or in a chat, not by answering the mail.</p>\n", t.Service, t.ServiceAccount)
	w.raw("</div>\n</header>\n")
}

// inShort are the first sentences of what we may do.
func (f *pageFacts) inShort(w *pageWriter) {
	const most = 2 // sentences; the rest is just below
	plain := f.Terms.Ongoing.Plain
	for i, s := range plain[:min(most, len(plain))] {
		if i > 0 {
			w.raw("<br>")
		}
		w.say("{}", deed(s))
	}
	switch {
	case f.Terms.Ongoing.empty():
		w.raw("Nothing, once the setup is done.")
	case len(plain) == 0:
		w.raw("<a href=\"#may\">What the policy below says.</a>")
	case len(plain) > most:
		w.raw("<br><a href=\"#may\">And more.</a>")
	}
	if f.Terms.Setup != nil {
		w.raw("<br><a href=\"#setup\">At first also what setting up needs.</a>")
	}
}

var pageParts = []struct{ id, title markup }{
	{"may", "What we may do"},
	{"may-not", "What we may not do"},
	{"how-long", "How long it lasts"},
	{"who", "Who gets in"},
	{"create", "Create the role"},
	{"trail", "What you will see"},
	{"limit", "Limit it further"},
	{"end", "End it"},
}

func (f *pageFacts) contents(w *pageWriter) {
	w.raw("<nav class=\"contents\" aria-label=\"Contents\">\n<ol>\n")
	for _, p := range pageParts {
		w.raw("<li><a href=\"#" + p.id + "\">" + p.title + "</a></li>\n")
	}
	w.raw("</ol>\n</nav>\n")
}

// section begins a part of the page; its end is written by the caller.
func (w *pageWriter) section(id markup) {
	for _, p := range pageParts {
		if p.id == id {
			w.raw("<section id=\"" + id + "\" aria-labelledby=\"" + id + "-title\">\n<h2 id=\"" + id + "-title\">" + p.title + "</h2>\n")
		}
	}
}

func (f *pageFacts) footer(w *pageWriter) {
	w.raw("<footer>\n")
	w.say("<p>Written for {} on {} by credd. ", f.customer(), day(f.Terms.Invited))
	w.raw("This page is one file: it loads nothing, sends nothing and stores nothing. It holds the external ID, so pass it on to those " +
		"who need it and to nobody else; a print leaves the ID out.</p>\n</footer>\n")
}
