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
	{"vault", (*checker).vault},
	{"profiles", func(c *checker, f field, d *settingsDraft) { each(c, f, profilesKeys, &d.settings.Profiles) }},
	{"verify", func(c *checker, f field, d *settingsDraft) { each(c, f, verifyKeys, &d.settings.Verify) }},
	{"log", func(c *checker, f field, d *settingsDraft) { each(c, f, logKeys, &d.settings.LogLevel) }},
	{name: "lock"}, {name: "audit"},
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
	str("endpoint_url", (*checker).url, func(n *Network) *string { return &n.EndpointURL }),
}

var logKeys = []key[slog.Level]{
	{"level", func(c *checker, f field, l *slog.Level) { *l = c.level(f) }},
}

var profilesKeys = []key[Profiles]{
	{"sync", func(c *checker, f field, p *Profiles) { p.Sync = c.boolean(f) }},
	str("name", (*checker).profileName, func(p *Profiles) *string { return &p.Name }),
}

var verifyKeys = []key[Verify]{
	{"weekly", func(c *checker, f field, v *Verify) { v.Weekly = c.boolean(f) }},
}

var vaultKeys = []key[Vault]{
	str("key", (*checker).vaultKey, func(v *Vault) *string { return &v.Key }),
	str("key_file", (*checker).path, func(v *Vault) *string { return &v.KeyFile }),
}

func (c *checker) vault(f field, d *settingsDraft) {
	v := &d.settings.Vault
	each(c, f, vaultKeys, v)
	if v.KeyFile != "" && v.Key != "file" {
		c.fault(f.line, "set key = \"file\", or remove key_file", "key_file is only read with key = \"file\"")
	}
}

// vaultKey is one of those that package vault knows.
func (c *checker) vaultKey(f field) string {
	return c.oneOf(f, "keyring", "file", "systemd", "passphrase")
}

func (c *checker) serviceName(f field) string {
	return c.matchingLength(f, identityForm, 2, 64, "2 to 64 characters of A-Z a-z 0-9 _ + = , . @ - (it is part of session names)")
}

// newSettings are those of an empty file.
func newSettings() *settingsDraft {
	return &settingsDraft{settings: Settings{Verify: Verify{Weekly: true}}}
}

// readSettings reads credd.toml.
func readSettings(t *table, c *checker) *settingsDraft {
	d := newSettings()
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
	fallbackProfile     = "{customer}/{role}"
)
