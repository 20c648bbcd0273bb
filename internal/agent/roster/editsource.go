package roster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// AddSources is Editor.AddSources.
func AddSources(dir string, sources ...Source) (path string, err error) {
	return Editor{Dir: dir}.AddSources(sources...)
}

// AddSources appends sources to credd.toml, which it makes if need be. The very first becomes the default of all roles, unless
// the file has defaults already. The result is checked as a whole before it is written; all other bytes stay as they are.
func (w Editor) AddSources(sources ...Source) (path string, err error) {
	return w.editSettings(adding(sources, w.NoDefault))
}

// CheckSources tells what AddSources would refuse, and writes nothing.
func CheckSources(dir string, sources ...Source) error {
	_, err := plan(dir, adding(sources, false))
	return err
}

func adding(sources []Source, noDefault bool) change {
	return func(now *Roster, old []byte) ([]byte, error) {
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
		if !noDefault && len(now.sources) == 0 && len(sources) > 0 && !hasDefaults(old) {
			text += "\n[defaults]\n" + line("source", sources[0].Name)
		}
		return join(old, text), nil
	}
}

func hasDefaults(data []byte) bool {
	tree, f := parse(data)
	return f == nil && tree.get("defaults") != nil
}

// ErrSourceExists is wrapped by the error for a source that is there already.
var ErrSourceExists = errors.New("the source exists already")

// RemoveSource takes a source's table out of credd.toml, unless [defaults] or a role needs it.
func RemoveSource(dir, name string) (path string, err error) {
	return Editor{Dir: dir}.editSettings(func(now *Roster, old []byte) ([]byte, error) {
		s, err := now.FindSource(name)
		if err != nil {
			return nil, err
		}
		if p := now.needs(name); p != nil {
			return nil, *p
		}
		rest, ok := without(old, "source", name)
		if !ok {
			return nil, now.problem(settingsFile(dir), "", ownTable(s.Line, "remove its lines by hand"))
		}
		return rest, nil
	})
}

// ReplaceSource puts a source in the place of the one with its name, at the end of credd.toml. The result is checked as a whole.
func (w Editor) ReplaceSource(s Source) (path string, err error) {
	return w.editSettings(func(now *Roster, old []byte) ([]byte, error) {
		have, err := now.FindSource(s.Name)
		if err != nil {
			return nil, err
		}
		rest, ok := without(old, "source", s.Name)
		if !ok {
			return nil, now.problem(settingsFile(w.Dir), "", ownTable(have.Line, "change its lines by hand"))
		}
		return join(rest, s.text()), nil
	})
}

func ownTable(line int, hint string) fault {
	return fault{line, "the source is not in a table of its own, so credd does not edit it", hint}
}

// CheckRemoval is RemoveSource that changes nothing.
func CheckRemoval(dir, name string) error {
	now := Load(dir, nil)
	if _, err := now.FindSource(name); err != nil {
		return err
	}
	if p := now.needs(name); p != nil {
		return *p
	}
	return nil
}

// needs tells what names a source that has to stay for it, nil if nothing does.
func (r *Roster) needs(source string) *Problem {
	if r.Settings.Defaults.Source == source {
		p := r.problem(settingsFile(r.dir), "", fault{r.settings.settings.source, "source " + source + " is needed by [defaults]", "name another source there first, or remove that line"})
		return &p
	}
	for _, role := range r.Roles() {
		if role.Source == source {
			return &Problem{
				File: role.File, Line: role.sourceLine(), Customer: role.Customer.Key, Message: "source " + source + " is needed by role " + role.Name,
				Hint: "name another source there first, or remove the role: credd role remove " + role.Name,
			}
		}
	}
	return nil
}

// ErrUnknownSource is wrapped by the error for a source that credd.toml does not have.
var ErrUnknownSource = errors.New("no such source")

// change makes a new credd.toml of the one that is there, which is nil if there is none.
type change func(now *Roster, old []byte) ([]byte, error)

// editSettings changes credd.toml, under the lock of all who edit the configuration.
func (w Editor) editSettings(to change) (path string, err error) {
	dir := w.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	next, err := plan(dir, to)
	if err != nil {
		return "", err
	}
	return next.path, w.replace(next.path, next.old, next.data)
}

// planned is a credd.toml to write.
type planned struct {
	path string
	old  []byte // nil if there is no file yet
	data []byte
}

// plan checks a change as a whole. It is refused if a role that can be used now could not be then.
func plan(dir string, to change) (planned, error) {
	next := planned{path: settingsFile(dir)}
	now := Load(dir, nil)
	if p, ok := now.broken[""]; ok {
		return planned{}, p
	}
	old, err := os.ReadFile(next.path)
	if errors.Is(err, fs.ErrNotExist) {
		old = nil
	} else if err != nil {
		return planned{}, err
	}
	next.old = old
	if next.data, err = to(now, old); err != nil {
		return planned{}, err
	}
	return next, now.checkSettings(next.path, next.data, strings.Count(string(old), "\n"))
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
	return "\n[source." + tableKey(s.Name) + "]\n" + line("type", s.Type) + line("profile", s.Profile) +
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
