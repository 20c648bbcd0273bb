package invite

import (
	"bytes"
	"encoding/json"
	"strings"
)

// may says what the role allows: in sentences, and exactly.
func (f *pageFacts) may(w *pageWriter) {
	t := f.Terms
	w.section("may")
	if t.Setup != nil {
		w.raw("<h3>All the time</h3>\n")
	}
	f.permissions(w, &t.Ongoing, "ongoing")
	if t.SelfCheck {
		w.raw("<p>The role may also read itself and ask AWS what it is allowed (<code>iam:GetRole</code> and <code>iam:SimulatePrincipalPolicy</code>, " +
			"on this role alone). By that we notice when something has changed.</p>\n")
	}
	if t.Setup != nil {
		w.raw("<h3 id=\"setup\">At first, until you end it</h3>\n<p>Setting up needs more than the work that follows. " +
			"These permissions come on top, as a policy of their own:</p>\n")
		f.permissions(w, t.Setup, "setup-policy")
		w.raw("<p>They do not end by themselves. When the setup is done, you switch them off by one command; the rest stays as it is: " +
			"<a href=\"#end-setup\">how to end the setup</a>.</p>\n")
	}
	w.raw("</section>\n")
}

// permissions writes one set of them. id is what names its parts on the page.
func (f *pageFacts) permissions(w *pageWriter, p *Permissions, id markup) {
	if p.empty() {
		w.raw("<p>Nothing.</p>\n")
	}
	if len(p.Plain) > 0 {
		w.raw("<ul class=\"may\">\n")
		for _, s := range p.Plain {
			w.say("<li>{}</li>\n", deed(s))
		}
		w.raw("</ul>\n")
	}
	if p.wide() {
		w.raw("<p class=\"caution\"><strong>These permissions are very wide.</strong> Who has them can do nearly everything in the account, " +
			"or can give itself the right to. Ask why less is not enough, and see <a href=\"#limit\">how to limit it</a>.</p>\n")
	}
	if len(p.Managed) > 0 {
		w.raw("<p>Policies that AWS itself maintains. AWS may change what is in them:</p>\n<ul class=\"names\">\n")
		for _, name := range p.Managed {
			w.say("<li><code>{}</code></li>\n", "arn:"+f.Terms.Partition+":iam::aws:policy/"+name)
		}
		w.raw("</ul>\n")
	}
	if p.Policy != "" {
		w.file(block{id: id, name: "The exact policy", text: indented(p.Policy)})
	}
}

// deed is a sentence such as "May read all metrics." where the title says so much already.
func deed(s string) string {
	rest, ok := strings.CutPrefix(s, "May ")
	if !ok || rest == "" {
		return s
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

// mayNot says what is refused, and by what. It claims nothing that the policies could belie.
func (f *pageFacts) mayNot(w *pageWriter) {
	t := f.Terms
	w.section("may-not")
	w.raw("<ul class=\"may-not\">\n<li>Anything that is not listed above. AWS refuses what no policy allows.</li>\n")
	w.say("<li>Come in from another AWS account than <code>{}</code>, or without the external ID.</li>\n", t.ServiceAccount)
	w.say("<li>Stay in for longer than {} with one session. AWS ends it then.</li>\n", hours(t.MaxSession))
	if !t.Until.IsZero() {
		w.say("<li>Begin a session at {} or later.</li>\n", moment(t.Until))
	}
	if len(t.SourceIPs) > 0 {
		w.raw("<li>Begin a session from elsewhere than our own network addresses.</li>\n")
	}
	if t.Boundary != "" {
		w.say("<li>Go beyond the permissions boundary <code>{}</code>, whatever the policies say.</li>\n", t.Boundary)
	}
	w.raw("<li>Come back after you delete the role. This invitation makes no user, no password and no access key.</li>\n</ul>\n</section>\n")
}

func (f *pageFacts) howLong(w *pageWriter) {
	t := f.Terms
	w.section("how-long")
	w.say("<p><strong>Every credential expires.</strong> We ask AWS for a session each time there is work. AWS gives credentials that end by themselves, "+
		"after {} at most (the role's <code>MaxSessionDuration</code>). We hold no lasting key to your account.</p>\n", hours(t.MaxSession))
	if t.Until.IsZero() {
		w.raw("<p>The role itself has no end date: it works until you <a href=\"#end\">end it</a>.</p>\n")
	} else {
		w.say("<p><strong>The invitation ends.</strong> From {} on the role's trust lets nobody in. A session that began before may go on for {} at most.</p>\n",
			moment(t.Until), hours(t.MaxSession))
	}
	w.raw("</section>\n")
}

// whoGetsIn is the trust policy in words.
func (f *pageFacts) whoGetsIn(w *pageWriter) {
	t := f.Terms
	w.section("who")
	w.raw("<p>The role trusts those who meet every line here:</p>\n<dl class=\"rows\">\n")
	w.raw("<div><dt>Who</dt><dd>")
	f.principals(w)
	w.raw("</dd></div>\n<div><dt>External ID</dt><dd>")
	f.externalID(w)
	w.raw("</dd></div>\n<div><dt>From where</dt><dd>")
	if len(t.SourceIPs) == 0 {
		w.raw("From any network address.")
	} else {
		w.raw("From these network addresses alone:")
		w.names(t.SourceIPs)
		w.raw("They are checked when a session begins.")
	}
	w.raw("</dd></div>\n<div><dt>Second factor</dt><dd>")
	if t.MFA {
		w.raw("AWS lets in only those who have proved a second factor (MFA).")
	} else {
		w.raw("The role does not ask for one. AWS can check it here for IAM users alone, not for people who come by IAM Identity Center or by another role.")
	}
	w.raw("</dd></div>\n")
	if t.SessionTags || t.SourceIdentity {
		w.raw("<div><dt>Labels of sessions</dt><dd>")
		if t.SessionTags {
			w.raw("We may put tags on a session (<code>sts:TagSession</code>). CloudTrail records them. ")
		}
		if t.SourceIdentity {
			w.raw("We may name the person at work (<code>sts:SetSourceIdentity</code>). CloudTrail repeats that name with everything the session does.")
		}
		w.raw("</dd></div>\n")
	}
	w.raw("</dl>\n")
	w.file(block{id: "trust", name: "The exact trust policy", text: f.Trust, secret: true})
	w.raw("</section>\n")
}

func (f *pageFacts) principals(w *pageWriter) {
	t := f.Terms
	if t.Exact {
		w.raw("This identity and no other:")
	} else {
		w.say("Users and roles of account <code>{}</code> whose ARN is:", t.ServiceAccount)
	}
	w.names(t.Principals)
	names := strings.Join(t.Principals, " ")
	if strings.Contains(names, "AWSReservedSSO_") {
		w.raw("IAM Identity Center makes such a role in our account, for people who log in there. The end of its name is random. ")
	}
	if strings.ContainsAny(names, "*?") {
		w.raw("<code>*</code> stands for any characters, <code>?</code> for one.")
	}
}

func (f *pageFacts) externalID(w *pageWriter) {
	w.raw("A random text, made for you alone.")
	w.file(block{id: "external-id", name: "External ID", text: f.ID, secret: true, line: true})
	w.say("<p><strong>What it is for.</strong> {} works for others too. Without it, one of them could name your role as theirs, and our own "+
		"tools would open it for them. With it, AWS opens your role only to a request that was meant for you.</p>\n"+
		"<p><strong>Do not remove it.</strong> Whoever edits the trust policy later has to leave the condition on <code>sts:ExternalId</code> "+
		"in place. Once the role is there, we test that it stays closed without it.</p>\n"+
		"<p>It is no password: it opens nothing outside our account. Still, do not publish it.</p>\n", f.Terms.Service)
}

// indented is a JSON document for people. What is none stays as it is.
func indented(document string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(document), "", "  ") != nil {
		return document
	}
	return b.String()
}
