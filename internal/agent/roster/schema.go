package roster

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/cred"
)

// key is one known key of a table. A key without set is of a later version: it is refused and never ignored, because a
// setting that is not enforced would widen access.
type key[T any] struct {
	name string
	set  func(*checker, field, *T)
}

func str[T any](name string, read func(*checker, field) string, to func(*T) *string) key[T] {
	return key[T]{name, func(c *checker, f field, t *T) { *to(t) = read(c, f) }}
}

// settingsDraft is credd.toml as read.
type settingsDraft struct {
	settings Settings
	sources  []*Source
	source   field // [defaults] source, for its line
}

// customerDraft is a customer's file as read, before defaults and sources are known.
type customerDraft struct {
	customer    Customer
	externalID  cred.Secret
	source      string
	sourceLine  int
	accountLine int
	defaultLine int
	roles       []*roleDraft
}

type roleDraft struct {
	name   string
	line   int
	role   Role
	source string
	lines  map[string]int // of keys whose check needs more than the file
}

const versionKey = "version"

var settingsKeys = []key[settingsDraft]{
	{versionKey, func(*checker, field, *settingsDraft) {}}, // see version
	{"service", func(c *checker, f field, d *settingsDraft) { each(c, f, serviceKeys, &d.settings.Service) }},
	{"defaults", func(c *checker, f field, d *settingsDraft) {
		each(c, f, defaultsKeys, &d.settings.Defaults)
		if f.value.table != nil {
			if s := f.value.table.get("source"); s != nil {
				d.source = *s
			}
		}
	}},
	{"source", (*checker).sources},
	{"roster", func(c *checker, f field, d *settingsDraft) { each(c, f, rosterKeys, &d.settings) }},
	{"network", func(c *checker, f field, d *settingsDraft) { each(c, f, networkKeys, &d.settings.Network) }},
	{"log", func(c *checker, f field, d *settingsDraft) { each(c, f, logKeys, &d.settings.LogLevel) }},
	{name: "profiles"}, {name: "verify"}, {name: "lock"}, {name: "audit"},
}

var serviceKeys = []key[Service]{
	str("name", (*checker).serviceName, func(s *Service) *string { return &s.Name }),
	str("account_id", (*checker).account, func(s *Service) *string { return &s.AccountID }),
}

var defaultsKeys = []key[Defaults]{
	str("source", (*checker).text, func(d *Defaults) *string { return &d.Source }),
	{"duration", func(c *checker, f field, d *Defaults) { d.Duration = c.duration(f) }},
	str("session_name", (*checker).sessionName, func(d *Defaults) *string { return &d.SessionName }),
	str("region", (*checker).region, func(d *Defaults) *string { return &d.Region }),
	str("sts_region", (*checker).region, func(d *Defaults) *string { return &d.STSRegion }),
}

var rosterKeys = []key[Settings]{
	{"include", func(c *checker, f field, s *Settings) { s.include = c.texts(f) }},
}

var networkKeys = []key[Network]{
	str("proxy", (*checker).url, func(n *Network) *string { return &n.Proxy }),
	str("ca_bundle", (*checker).path, func(n *Network) *string { return &n.CABundle }),
}

var logKeys = []key[slog.Level]{
	{"level", func(c *checker, f field, l *slog.Level) { *l = c.level(f) }},
}

var sourceKeys = []key[Source]{
	{"type", (*checker).sourceType},
	str("profile", (*checker).text, func(s *Source) *string { return &s.Profile }),
	str("region", (*checker).region, func(s *Source) *string { return &s.Region }),
	str("sts_region", (*checker).region, func(s *Source) *string { return &s.STSRegion }),
	str("endpoint_url", (*checker).url, func(s *Source) *string { return &s.EndpointURL }),
	{name: "mfa_serial"}, {name: "mfa"}, {name: "mfa_command"}, {name: "start_url"}, {name: "sso_region"}, {name: "sso_session"},
	{name: "account_id"}, {name: "role_name"}, {name: "token_file"}, {name: "role_arn"}, {name: "command"},
}

var laterTypes = []string{"keys", "sso", "login", "web-identity", "imds", "container", "process"}

var customerKeys = []key[customerDraft]{
	{versionKey, func(*checker, field, *customerDraft) {}},
	str("name", (*checker).text, func(d *customerDraft) *string { return &d.customer.Name }),
	{"account_id", func(c *checker, f field, d *customerDraft) {
		d.customer.AccountID, d.accountLine = c.account(f), f.line
	}},
	{"external_id", func(c *checker, f field, d *customerDraft) { d.externalID = cred.NewSecret(c.externalID(f)) }},
	str("environment", (*checker).text, func(d *customerDraft) *string { return &d.customer.Environment }),
	str("region", (*checker).region, func(d *customerDraft) *string { return &d.customer.Region }),
	{"source", func(c *checker, f field, d *customerDraft) { d.source, d.sourceLine = c.text(f), f.line }},
	{"default_role", func(c *checker, f field, d *customerDraft) { d.customer.DefaultRole, d.defaultLine = c.text(f), f.line }},
	str("note", (*checker).text, func(d *customerDraft) *string { return &d.customer.Note }),
	{"role", (*checker).roles},
	{name: "allow"},
}

var roleKeys = []key[roleDraft]{
	str("arn", (*checker).roleARN, func(r *roleDraft) *string { return &r.role.ARN }),
	str("source", (*checker).text, func(r *roleDraft) *string { return &r.source }),
	{"external_id", func(c *checker, f field, r *roleDraft) { r.role.ExternalID = cred.NewSecret(c.externalID(f)) }},
	{"duration", func(c *checker, f field, r *roleDraft) { r.role.Duration = c.duration(f) }},
	str("session_name", (*checker).sessionName, func(r *roleDraft) *string { return &r.role.SessionName }),
	str("region", (*checker).region, func(r *roleDraft) *string { return &r.role.Region }),
	str("sts_region", (*checker).region, func(r *roleDraft) *string { return &r.role.STSRegion }),
	str("policy", (*checker).policy, func(r *roleDraft) *string { return &r.role.Policy }),
	{"policy_arns", func(c *checker, f field, r *roleDraft) { r.role.PolicyARNs = c.policyARNs(f) }},
	{"tags", func(c *checker, f field, r *roleDraft) { r.role.Tags = c.tags(f) }},
	{"transitive_tags", func(c *checker, f field, r *roleDraft) { r.role.TransitiveTags = c.texts(f) }},
	str("source_identity", func(c *checker, f field) string {
		return c.matching(f, identityForm, "2 to 64 characters of A-Z a-z 0-9 _ + = , . @ - (STS AssumeRole)")
	}, func(r *roleDraft) *string { return &r.role.SourceIdentity }),
	{name: "allow"}, {name: "confirm"},
}

// each reads a table by its known keys.
func each[T any](c *checker, f field, keys []key[T], to *T) {
	if f.value.kind != section {
		c.fault(f.line, "write ["+f.name+"]", "%s is %s, not a table", f.name, f.value.kind)
		return
	}
	read(c, f.value.table, keys, to)
}

func read[T any](c *checker, t *table, keys []key[T], to *T) {
	for _, f := range t.fields {
		i := slices.IndexFunc(keys, func(k key[T]) bool { return k.name == f.name })
		switch {
		case i < 0:
			c.unknown(f, names(keys))
		case keys[i].set == nil:
			c.fault(f.line, "remove it, or use a version of credd that enforces it", "%s is not supported by this version of credd", f.name)
		default:
			keys[i].set(c, f, to)
		}
	}
}

func names[T any](keys []key[T]) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.name)
	}
	return out
}

func (c *checker) unknown(f field, known []string) {
	hint := "known are: " + strings.Join(known, ", ")
	if n := nearest(f.name, slices.Values(known)); n != "" {
		hint = "did you mean " + n + "?"
	}
	c.fault(f.line, hint, "unknown key %s", quote(f.name))
}

// version checks that a file says which form it has.
func (c *checker) version(t *table) {
	f := t.get(versionKey)
	switch {
	case f == nil:
		c.fault(1, "begin the file with: version = 1", "version is missing")
	case f.value.kind != integer || f.value.text != "1":
		c.fault(f.line, "this credd knows version = 1", "version is not 1")
	}
}

func (c *checker) serviceName(f field) string {
	return c.matching(f, identityForm, "2 to 64 characters of A-Z a-z 0-9 _ + = , . @ - (it is part of session names)")
}

func (c *checker) sourceType(f field, s *Source) {
	s.Type = c.text(f)
	switch {
	case s.Type == "profile" || s.Type == "":
	case slices.Contains(laterTypes, s.Type):
		c.fault(f.line, "use type = \"profile\" with a profile of ~/.aws/config", "source type %s is not supported by this version of credd", quote(s.Type))
	default:
		c.fault(f.line, "use type = \"profile\"", "unknown source type %s", quote(s.Type))
	}
}

func (c *checker) sources(f field, d *settingsDraft) {
	if f.value.kind != section || f.value.table.closed {
		c.fault(f.line, "write [source.NAME]", "source is not a table of tables")
		return
	}
	for _, f := range f.value.table.fields {
		s := &Source{Name: f.name, Line: f.line}
		if len(f.name) > maxName || !nameForm.MatchString(f.name) {
			c.fault(f.line, "use letters, digits and . _ @ + = , -", "%s cannot be the name of a source", quote(f.name))
		}
		before := len(c.faults)
		each(c, f, sourceKeys, s)
		if len(c.faults) == before {
			switch {
			case s.Type == "":
				c.fault(f.line, "add type = \"profile\"", "source %s has no type", s.Name)
			case s.Profile == "":
				c.fault(f.line, "add profile = \"…\", a profile of ~/.aws/config", "source %s has no profile", s.Name)
			}
		}
		d.sources = append(d.sources, s)
	}
}

func (c *checker) roles(f field, d *customerDraft) {
	if f.value.kind != section || f.value.table.closed {
		c.fault(f.line, "write [role.NAME]", "role is not a table of tables")
		return
	}
	for _, f := range f.value.table.fields {
		if len(f.name) > maxName || !roleForm.MatchString(f.name) {
			c.fault(f.line, "use letters, digits and . _ @ + = , -", "%s cannot be the name of a role", quote(f.name))
			continue
		}
		r := &roleDraft{name: f.name, line: f.line, lines: map[string]int{}}
		each(c, f, roleKeys, r)
		if f.value.table != nil {
			for _, k := range f.value.table.fields {
				r.lines[k.name] = k.line
			}
			c.role(f, r)
		}
		d.roles = append(d.roles, r)
	}
}

// role checks what the keys of a role say together.
func (c *checker) role(f field, r *roleDraft) {
	if _, ok := r.lines["arn"]; !ok {
		c.fault(f.line, "add arn = \"arn:aws:iam::…:role/…\"; a role without one is not supported by this version of credd", "role %s has no arn", r.name)
	}
	for _, t := range r.role.TransitiveTags {
		if _, ok := r.role.Tags[t]; !ok && t != "" {
			c.fault(r.lines["transitive_tags"], "name only keys of tags", "transitive_tags names %s, which is not in tags", quote(t))
		}
	}
	if strings.Contains(r.source, "/") && r.role.Duration > chainedMax {
		c.fault(r.lines["duration"], "use 1h or less", "duration is above 1h, which AWS refuses where the source is a role (role chaining)")
	}
	if m := roleARNForm.FindStringSubmatch(r.role.ARN); m != nil {
		r.role.Partition, r.role.AccountID = m[1], m[2]
	}
}

// readSettings reads credd.toml.
func readSettings(t *table, c *checker) *settingsDraft {
	d := &settingsDraft{}
	c.version(t)
	read(c, t, settingsKeys, d)
	return d
}

// readCustomer reads a customer's file.
func readCustomer(t *table, c *checker) *customerDraft {
	d := &customerDraft{}
	c.version(t)
	read(c, t, customerKeys, d)
	for _, r := range d.roles {
		if a := d.customer.AccountID; a != "" && r.role.AccountID != "" && r.role.AccountID != a {
			c.fault(r.lines["arn"], "correct the ARN, or account_id in line "+itoa(d.accountLine),
				"the ARN of role %s is of account %s, and account_id is %s", r.name, r.role.AccountID, a)
		}
	}
	if want := d.customer.DefaultRole; want != "" && !slices.ContainsFunc(d.roles, func(r *roleDraft) bool { return r.name == want }) {
		c.fault(d.defaultLine, "name one of the roles of this file", "default_role %s is not a role of this file", quote(want))
	}
	return d
}

const (
	fallbackDuration    = time.Hour // of AWS itself
	fallbackSessionName = "{service}-{customer}-{user}"
	fallbackService     = "credd"
)
