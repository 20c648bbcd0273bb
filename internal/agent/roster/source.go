package roster

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

var (
	// A device is an ARN, or the serial number of a hardware one: 9 to 256 characters (STS GetSessionToken).
	mfaSerialForm = regexp.MustCompile(`^[\w+=/:,.@-]+$`)
	ssoRoleForm   = regexp.MustCompile(`^[\w+=,.@-]+$`) // a permission set's name: 1 to 32 characters (IAM Identity Center)
)

// sourceDraft is a source as read, with the lines of its keys.
type sourceDraft struct {
	Source
	lines map[string]int
}

func of(get func(*Source) *string) func(*sourceDraft) *string {
	return func(d *sourceDraft) *string { return get(&d.Source) }
}

var sourceKeys = []key[sourceDraft]{
	str("type", func(c *checker, f field) string { return c.oneOf(f, sourceTypes()...) }, of(func(s *Source) *string { return &s.Type })),
	str("region", (*checker).region, of(func(s *Source) *string { return &s.Region })),
	str("sts_region", (*checker).region, of(func(s *Source) *string { return &s.STSRegion })),
	str("endpoint_url", (*checker).url, of(func(s *Source) *string { return &s.EndpointURL })),
	str("profile", (*checker).text, of(func(s *Source) *string { return &s.Profile })),
	str("mfa_serial", func(c *checker, f field) string {
		return c.matchingLength(f, mfaSerialForm, 9, 256, "the ARN of an MFA device, such as arn:aws:iam::210987654321:mfa/ana, or a serial number")
	}, of(func(s *Source) *string { return &s.MFASerial })),
	str("mfa", func(c *checker, f field) string { return c.oneOf(f, "prompt", "totp", "command") }, of(func(s *Source) *string { return &s.MFA })),
	{"mfa_command", func(c *checker, f field, d *sourceDraft) { d.MFACommand = c.command(f) }},
	str("start_url", (*checker).url, of(func(s *Source) *string { return &s.StartURL })),
	str("sso_region", (*checker).region, of(func(s *Source) *string { return &s.SSORegion })),
	str("sso_session", (*checker).text, of(func(s *Source) *string { return &s.SSOSession })),
	str("account_id", (*checker).account, of(func(s *Source) *string { return &s.AccountID })),
	str("role_name", func(c *checker, f field) string {
		return c.matchingLength(f, ssoRoleForm, 1, 32, "the name of a permission set")
	}, of(func(s *Source) *string { return &s.RoleName })),
	str("token_file", (*checker).path, of(func(s *Source) *string { return &s.TokenFile })),
	str("role_arn", (*checker).roleARN, of(func(s *Source) *string { return &s.RoleARN })),
	{"command", func(c *checker, f field, d *sourceDraft) { d.Command = c.command(f) }},
}

// sourceType says which keys a type has beside those of all, and which of them it needs.
type sourceType struct {
	name  string
	needs []string
	may   []string
}

var everySource = []string{"type", "region", "sts_region", "endpoint_url"}

var sourceKinds = []sourceType{
	{name: "profile", needs: []string{"profile"}},
	{name: "keys", may: []string{"mfa_serial", "mfa", "mfa_command"}},
	{name: "sso", needs: []string{"account_id", "role_name"}, may: []string{"start_url", "sso_region", "sso_session"}},
	{name: "login", needs: []string{"profile"}},
	{name: "web-identity", needs: []string{"token_file", "role_arn"}},
	{name: "imds"},
	{name: "container"},
	{name: "process", needs: []string{"command"}},
}

func sourceTypes() []string {
	var out []string
	for _, k := range sourceKinds {
		out = append(out, k.name)
	}
	return out
}

func (c *checker) sources(f field, d *settingsDraft) {
	if f.value.kind != section || f.value.table.closed {
		c.fault(f.line, "write [source.NAME]", "source is not a table of tables")
		return
	}
	for _, f := range f.value.table.fields {
		s := &sourceDraft{Source: Source{Name: f.name, Line: f.line}, lines: map[string]int{}}
		if !isName(f.name) {
			c.fault(f.line, "use letters, digits and . _ @ + = , -", "%s cannot be the name of a source", quote(f.name))
		}
		before := len(c.faults)
		each(c, f, sourceKeys, s)
		if f.value.table != nil {
			for _, k := range f.value.table.fields {
				s.lines[k.name] = k.line
			}
		}
		if len(c.faults) == before {
			c.source(f.line, s)
		}
		d.sources = append(d.sources, &s.Source)
	}
}

// source checks what the keys of a source say together.
func (c *checker) source(line int, s *sourceDraft) {
	i := slices.IndexFunc(sourceKinds, func(k sourceType) bool { return k.name == s.Type })
	if i < 0 {
		c.fault(line, "add type = \"profile\", or one of: "+strings.Join(sourceTypes(), ", "), "source %s has no type", s.Name)
		return
	}
	kind := sourceKinds[i]
	for _, k := range sourceKeys { // in this order, so that the first fault is always the same
		if at, ok := s.lines[k.name]; ok && !slices.Contains(slices.Concat(everySource, kind.needs, kind.may), k.name) {
			c.fault(at, "remove it, or correct type", "%s is no key of a source of type %s", k.name, s.Type)
		}
	}
	for _, name := range kind.needs {
		if _, ok := s.lines[name]; !ok {
			c.fault(line, "add "+name+" = …", "source %s has no %s, which type %s needs", s.Name, name, s.Type)
		}
	}
	switch s.Type {
	case "keys":
		c.mfa(s)
	case "sso":
		c.sso(line, s)
	}
}

// mfa checks where codes come from.
func (c *checker) mfa(s *sourceDraft) {
	switch {
	case s.MFASerial == "" && s.MFA != "":
		c.fault(s.lines["mfa"], "add mfa_serial = \"arn:aws:iam::…:mfa/…\"", "mfa is only read with mfa_serial")
	case s.MFASerial == "" && len(s.MFACommand) > 0:
		c.fault(s.lines["mfa_command"], "add mfa_serial = \"arn:aws:iam::…:mfa/…\"", "mfa_command is only read with mfa_serial")
	case len(s.MFACommand) > 0 && s.MFA != "command":
		c.fault(s.lines["mfa_command"], "set mfa = \"command\", or remove it", "mfa_command is only read with mfa = \"command\"")
	case s.MFA == "command" && len(s.MFACommand) == 0:
		c.fault(s.lines["mfa"], "add mfa_command = [\"ykman\", \"oath\", \"accounts\", \"code\", \"--single\", \"NAME\"]", "mfa = \"command\" needs mfa_command")
	case s.MFASerial != "":
		s.MFA = cmp.Or(s.MFA, "prompt")
	}
}

// sso checks that the login is named, in one of two ways.
func (c *checker) sso(line int, s *sourceDraft) {
	direct := s.StartURL != "" || s.SSORegion != ""
	switch {
	case s.SSOSession != "" && direct:
		c.fault(s.lines["sso_session"], "remove it, or start_url and sso_region", "sso_session has a start URL and a region of its own")
	case s.SSOSession == "" && !direct:
		c.fault(line, "add start_url and sso_region, or sso_session, an [sso-session] of ~/.aws/config", "source %s does not say where to log in", s.Name)
	case s.SSOSession == "" && s.StartURL == "":
		c.fault(line, "add start_url = \"https://….awsapps.com/start\"", "source %s has no start_url", s.Name)
	case s.SSOSession == "" && s.SSORegion == "":
		c.fault(line, "add sso_region = \"…\", the region of IAM Identity Center", "source %s has no sso_region", s.Name)
	}
}

// oneOf returns a string that is one of a few.
func (c *checker) oneOf(f field, known ...string) string {
	s := c.text(f)
	if s == "" || slices.Contains(known, s) {
		return s
	}
	hint := "known are: " + strings.Join(known, ", ")
	if n := nearest(s, slices.Values(known)); n != "" {
		hint = "did you mean " + n + "?"
	}
	c.fault(f.line, hint, "unknown %s %s", f.name, quote(s))
	return ""
}

// command returns a program with its arguments. There is no shell, so that nothing in them can mean something else.
func (c *checker) command(f field) []string {
	if f.value.kind == text {
		c.fault(f.line, f.name+" = [\"program\", \"argument\"]: no shell reads it", "%s is a string, not an array of strings", f.name)
		return nil
	}
	args := c.texts(f)
	if args != nil && len(args) == 0 {
		c.fault(f.line, f.name+" = [\"program\", \"argument\"]", "%s is empty", f.name)
	}
	return args
}
