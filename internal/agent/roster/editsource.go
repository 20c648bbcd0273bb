package roster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// AddSources appends sources to credd.toml, which it makes if need be. The very first becomes the default of all roles, unless
// the file has defaults already. The result is checked as a whole before it is written; all other bytes stay as they are.
func AddSources(dir string, sources ...Source) (path string, err error) {
	return editSettings(dir, func(now *Roster, old []byte) ([]byte, error) {
		text := ""
		for _, s := range sources {
			if !isName(s.Name) {
				return nil, fmt.Errorf("%s cannot be the name of a source: use letters, digits and . _ @ + = , -", quote(s.Name))
			}
			if have, ok := now.sources[s.Name]; ok {
				return nil, fmt.Errorf("%w: %s:%d", ErrSourceExists, have.File, have.Line)
			}
			text += s.text()
		}
		if old == nil {
			text = "version = 1\n" + text
		}
		if len(now.sources) == 0 && len(sources) > 0 && !hasDefaults(old) {
			text += "\n[defaults]\n" + line("source", sources[0].Name)
		}
		return join(old, text), nil
	})
}

func hasDefaults(data []byte) bool {
	tree, f := parse(data)
	return f == nil && tree.get("defaults") != nil
}

// ErrSourceExists is wrapped by the error for a source that is there already.
var ErrSourceExists = errors.New("the source exists already")

// RemoveSource takes a source's table out of credd.toml, unless a role needs it.
func RemoveSource(dir, name string) (path string, err error) {
	return editSettings(dir, func(now *Roster, old []byte) ([]byte, error) {
		s, ok := now.sources[name]
		if !ok {
			return nil, fmt.Errorf("%w: %s", ErrUnknownSource, quote(name))
		}
		rest, ok := without(old, "source", name)
		if !ok {
			return nil, now.problem(settingsFile(dir), "", fault{s.Line, "the source is not in a table of its own, so credd does not edit it", "remove its lines by hand"})
		}
		return rest, nil
	})
}

// ErrUnknownSource is wrapped by the error for a source that credd.toml does not have.
var ErrUnknownSource = errors.New("no such source")

// editSettings changes credd.toml, under the lock of all who edit it. Nothing is written if a role that can be used now
// could not be then. old is nil if there is no file yet.
func editSettings(dir string, change func(now *Roster, old []byte) ([]byte, error)) (path string, err error) {
	path = settingsFile(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	now := Load(dir, nil)
	if p, ok := now.broken[""]; ok {
		return "", p
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	isNew := err != nil
	if isNew {
		old = nil
	}
	data, err := change(now, old)
	if err != nil {
		return "", err
	}
	if err := now.checkSettings(path, data, strings.Count(string(old), "\n")); err != nil {
		return "", err
	}
	return path, replace(path, data, isNew)
}

// checkSettings says what another credd.toml would break. Lines beyond known are not written yet.
func (r *Roster) checkSettings(path string, data []byte, known int) error {
	tree, f := parse(data)
	c := &checker{}
	var draft *settingsDraft
	if f == nil {
		draft = readSettings(tree, c)
		if len(c.faults) > 0 {
			f = &c.faults[0]
		}
	}
	if f != nil {
		at := *f
		if at.line > known {
			at.line = 0
		}
		return r.problem(path, "", at)
	}
	next := newRoster(r.dir, r)
	next.apply(draft)
	next.files = r.files
	files, _ := r.all()
	next.resolve(files, &Roster{})
	for _, role := range r.Roles() {
		if p, ok := next.broken[role.Name]; ok {
			p.Line = role.sourceLine()
			return p
		}
	}
	return nil
}

// text is the source's table, after a blank line.
func (s *Source) text() string {
	name := s.Name
	if strings.ContainsAny(name, ".@+=,") {
		name = tomlString(name)
	}
	return "\n[source." + name + "]\n" + line("type", s.Type) + line("profile", s.Profile) +
		line("mfa_serial", s.MFASerial) + line("mfa", s.MFA) + lines("mfa_command", s.MFACommand) +
		line("sso_session", s.SSOSession) + line("start_url", s.StartURL) + line("sso_region", s.SSORegion) +
		line("account_id", s.AccountID) + line("role_name", s.RoleName) + line("token_file", s.TokenFile) +
		line("role_arn", s.RoleARN) + lines("command", s.Command) + line("region", s.Region) +
		line("sts_region", s.STSRegion) + line("endpoint_url", s.EndpointURL)
}

func listOf(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = tomlString(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func lines(key string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return key + " = " + listOf(values) + "\n"
}
