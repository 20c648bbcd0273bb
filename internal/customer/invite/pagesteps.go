package invite

import "strings"

// create says how to make the role, in each way.
func (f *pageFacts) create(w *pageWriter) {
	t := f.Terms
	w.section("create")
	w.say("<p>Choose one way. All make the same role, in account <code>{}</code>; be signed in there. Nothing is asked of AWS until you do it yourself.</p>\n", t.AccountID)
	quick := strings.HasPrefix(f.QuickCreate, "https://")
	if quick {
		w.raw("<div class=\"quick\">\n<p><a class=\"button\" rel=\"noopener noreferrer\"")
		w.attr("href", f.QuickCreate)
		w.raw(">Open in the AWS console</a></p>\n")
		w.say("<p>CloudFormation opens in region {} with everything filled in. Read it, confirm at the end of the page that it may make a role with a name "+
			"(<code>CAPABILITY_NAMED_IAM</code>), and choose <em>Create stack</em>. The template comes from <code>{}</code>: compare it with the one below before you trust it.</p>\n</div>\n",
			t.Region, t.TemplateURL)
	}
	for i, way := range f.Ways {
		f.way(w, way, i == 0 && !quick)
	}
	w.raw("<h3>Then tell us</h3>\n")
	w.say("<p>Answer the invitation: “it is there” is enough, since we know what the role is called. We then test that it works, and that it refuses us "+
		"without the external ID. Its ARN will be <code>{}</code>.</p>\n</section>\n", f.RoleARN)
}

// way writes one way. They share a name, so that opening one closes the others.
func (f *pageFacts) way(w *pageWriter, way pageWay, open bool) {
	w.raw("<details class=\"way\" name=\"way\"")
	if open {
		w.raw(" open")
	}
	w.raw("><summary><span>" + way.Name + "</span> <span class=\"hint\">" + way.Suits + "</span></summary>\n<ol class=\"steps\">\n")
	for i, s := range way.Steps {
		w.raw("<li>")
		w.say(s.Say, s.Texts...)
		w.raw("\n")
		id := numbered(way.ID, i)
		for n, file := range s.Files {
			w.file(block{id: numbered(id, n), name: file.Path, save: file.Path, text: string(file.Data), secret: file.Mode == secret})
		}
		if s.ExternalID {
			w.file(block{id: id, name: "External ID", text: f.ID, secret: true, line: true})
		}
		if s.Command != "" {
			w.command(block{id: id, name: "Command", text: s.Command})
		}
		w.raw("</li>\n")
	}
	w.raw("</ol>\n</details>\n")
}

// cloudTrail says what the customer sees, and what only we see.
func (f *pageFacts) cloudTrail(w *pageWriter) {
	t := f.Terms
	w.section("trail")
	w.say("<p>AWS CloudTrail in your account records each session that begins, as an event <code>AssumeRole</code> of <code>sts.amazonaws.com</code>:</p>\n<dl class=\"rows\">\n"+
		"<div><dt>Who</dt><dd><code>userIdentity.accountId</code> is <code>{}</code>, our account.</dd></div>\n", t.ServiceAccount)
	w.say("<div><dt>What for</dt><dd><code>requestParameters.roleSessionName</code> is the session name that we choose. As a rule it says who of us is at work: "+
		"<code>{}</code> and the person's name.</dd></div>\n", t.Service+"-"+t.Customer+"-")
	w.say("<div><dt>What then</dt><dd>What is done in the session names the role, <code>{}</code>, as its <code>sessionIssuer</code>. CloudTrail "+
		"records reading and writing of data, such as S3 objects, only where you have switched data events on.</dd></div>\n", f.RoleARN)
	w.raw("<div><dt>Matching</dt><dd><code>sharedEventID</code> is the same in your CloudTrail and in ours: name it, and we can look up which person and program it was.</dd></div>\n</dl>\n" +
		"<p>The event is in the region whose STS was asked, so search more than one. <strong>A request that AWS refuses is in our CloudTrail, not in yours.</strong> " +
		"If you want to know of refused ones, ask us.</p>\n")
	w.command(block{id: "find", name: "Sessions of the last 90 days", text: "aws cloudtrail lookup-events --region " + shellWord(t.Region) +
		" \\\n  --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRole \\\n  --query \"Events[?contains(CloudTrailEvent, '" +
		t.ServiceAccount + "')].CloudTrailEvent\" --output text"}) // the account is digits, Check says
	w.raw("</section>\n")
}

// limit says how the customer can allow less than is asked.
func (f *pageFacts) limit(w *pageWriter) {
	t := f.Terms
	w.section("limit")
	w.raw("<p>You can allow less than we ask for. Three ways, from near to far:</p>\n<dl class=\"rows\">\n" +
		"<div><dt>The policy</dt><dd>Change it in the template before you use it. Tell us, so that we know what to expect.</dd></div>\n" +
		"<div><dt>A permissions boundary</dt><dd>A policy of yours that caps the role, whatever its other policies say. ")
	if t.Boundary != "" {
		w.say("This role has one already: <code>{}</code>.</dd></div>\n", t.Boundary)
	} else {
		w.raw("Add <code>PermissionsBoundary</code> to the role in the template, or set it later:")
		w.command(block{id: "boundary", name: "Set a boundary", text: "aws iam put-role-permissions-boundary --role-name " + shellWord(t.RoleName) +
			" \\\n  --permissions-boundary " + shellWord(t.arn(t.AccountID, "policy/YOUR-BOUNDARY"))})
		w.raw("</dd></div>\n")
	}
	w.raw("<div><dt>A service control policy</dt><dd>In AWS Organizations, above the account: it holds whatever is done inside. " +
		"It has no effect on the management account. This one keeps the role from changing identities and the organization:")
	w.file(block{id: "scp", name: "scp.json", save: "scp.json", text: f.scp()})
	w.raw("</dd></div>\n</dl>\n</section>\n")
}

// scp is an example of a service control policy for this role.
func (f *pageFacts) scp() string {
	writes := strings.Fields("iam:Add* iam:Attach* iam:Create* iam:Delete* iam:Detach* iam:Put* iam:Remove* iam:Set* iam:Update* organizations:* account:*")
	return toJSON(policy(object{
		{"Sid", "LimitOutsideRole"}, {"Effect", "Deny"}, {"Action", strs(writes)}, {"Resource", "*"},
		{"Condition", object{{"ArnEquals", object{{"aws:PrincipalArn", f.RoleARN}}}}},
	})) + "\n"
}

// end says how it all ends, and what still lives for a while then.
func (f *pageFacts) end(w *pageWriter) {
	t := f.Terms
	w.section("end")
	if t.Setup != nil {
		w.raw("<h3 id=\"end-setup\">The setup permissions</h3>\n<p>When the setup is done, take them away. Sessions that are alive lose them too; the rest goes on.</p>\n")
		commands(w, "finish", f.FinishSetup)
	}
	w.raw("<h3>All access</h3>\n<p>Delete what made the role, in the console or by a command. You need not ask us. No new session can begin then. " +
		"If the sessions that are alive have to end at once too, <a href=\"#revoke\">revoke them first</a>.</p>\n")
	commands(w, "end", f.End)
	w.say("<h3 id=\"revoke\">Sessions that are alive</h3>\n<p>Deleting the role stops new sessions. One that began before may go on until it expires, after {} at most. "+
		"To end those at once, revoke them <strong>before you delete the role</strong>:</p>\n", hours(t.MaxSession))
	for i, c := range f.Revoke {
		w.command(block{id: numbered("revoke", i), name: "Revoke active sessions", text: c.Text})
	}
	w.raw("<p>In the console: IAM, Roles, this role, <em>Revoke sessions</em>. It takes the rights from all sessions that began before now.</p>\n</section>\n")
}

// commands writes one block a way, with the way's name.
func commands(w *pageWriter, id markup, all []Command) {
	for i, c := range all {
		w.command(block{id: numbered(id, i), name: c.Way, text: c.Text})
	}
}
