package roster

import (
	"log/slog"
	"slices"
	"time"
)

// settingsDraft is credd.toml as read.
type settingsDraft struct {
	settings Settings
	sources  []*Source
	source   int // the line of [defaults] source
}

var settingsKeys = []key[settingsDraft]{
	{versionKey, func(*checker, field, *settingsDraft) {}}, // see version
	{"service", func(c *checker, f field, d *settingsDraft) { each(c, f, serviceKeys, &d.settings.Service) }},
	{"defaults", func(c *checker, f field, d *settingsDraft) {
		each(c, f, defaultsKeys, &d.settings.Defaults)
		if f.value.table != nil {
			if s := f.value.table.get("source"); s != nil {
				d.source = s.line
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
		if !isName(f.name) {
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

// readSettings reads credd.toml.
func readSettings(t *table, c *checker) *settingsDraft {
	d := &settingsDraft{}
	c.version(t)
	read(c, t, settingsKeys, d)
	want := d.settings.Defaults.Source
	known := func(s *Source) bool { return s.Name == want }
	if want != "" && !isRole(want) && !slices.ContainsFunc(d.sources, known) {
		c.fault(d.source, "add [source."+want+"], or name a source of this file", "source %s does not exist", quote(want))
	}
	return d
}

const (
	fallbackDuration    = time.Hour // of AWS itself
	fallbackSessionName = "{service}-{customer}-{user}"
	fallbackService     = "credd"
)
