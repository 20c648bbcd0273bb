package roster

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"credd/internal/agent/cred"
)

// ErrExists is wrapped by the error for a role that is there already.
var ErrExists = errors.New("the role exists already")

// NewRole is a role to add. Only Name and ARN are needed.
type NewRole struct {
	Name         string // customer/role
	ARN          string
	ExternalID   cred.Secret
	Source       string
	Duration     string
	Region       string
	CustomerName string // of a customer that is new
	Environment  string // likewise
}

// AddRole writes a role into its customer's file, which it makes if need be, and returns the file. The result is checked
// as a whole before it is written; all other bytes stay as they are.
func AddRole(dir string, n NewRole) (path string, err error) {
	customer, role, ok := cutRole(n.Name)
	if !ok || !nameForm.MatchString(customer) || !roleForm.MatchString(role) {
		return "", fmt.Errorf("%s is not a role's name, such as acme/admin", quote(n.Name))
	}
	if err := os.MkdirAll(customersDir(dir), 0o700); err != nil {
		return "", err
	}
	unlock, err := lockDir(customersDir(dir))
	if err != nil {
		return "", err
	}
	defer unlock()
	now := Load(dir, nil)
	path, old, err := now.editable(customer)
	if err != nil {
		return "", err
	}
	var added string
	if old == nil {
		added = n.newFile(role)
	} else {
		draft, f := check(old)
		if f != nil {
			return "", now.faulty(path, customer, *f)
		}
		for _, r := range draft.roles {
			if r.name == role {
				return "", fmt.Errorf("%w: %s:%d", ErrExists, now.short(path), r.line)
			}
		}
		added = n.table(role, n.ExternalID.Equal(draft.externalID))
	}
	return path, now.write(path, customer, old, join(old, added), n.Name)
}

// RemoveRole takes a role's tables out of its customer's file.
func RemoveRole(dir, name string) (path string, err error) {
	customer, role, _ := cutRole(name)
	if !nameForm.MatchString(customer) {
		return "", unknownRole(name, func(func(string) bool) {})
	}
	unlock, err := lockDir(customersDir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return "", unknownRole(name, func(func(string) bool) {})
	}
	if err != nil {
		return "", err
	}
	defer unlock()
	now := Load(dir, nil)
	path, old, err := now.editable(customer)
	if err != nil {
		return "", err
	}
	draft, f := check(old)
	if f != nil {
		return "", now.faulty(path, customer, *f)
	}
	for _, r := range draft.roles {
		if r.name != role {
			continue
		}
		cut, ok := without(old, role)
		if !ok {
			return "", now.faulty(path, customer, fault{r.line, "the role is not in a table of its own, so credd does not edit it", "remove its lines by hand"})
		}
		return path, now.write(path, customer, old, cut, "")
	}
	_, err = now.Role(name)
	return "", err
}

// editable returns a customer's file and its content, nil if there is none.
func (r *Roster) editable(customer string) (path string, data []byte, err error) {
	if c, ok := r.customers[customer]; ok && filepath.Dir(filepath.Join(r.dir, c.File)) != customersDir(r.dir) {
		return "", nil, fmt.Errorf("customer %s is in an included directory, which credd does not change: edit %s", customer, c.File)
	}
	path = filepath.Join(customersDir(r.dir), customer+suffix)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, lerr := os.Lstat(path); lerr != nil {
			return path, nil, nil
		}
	}
	if err == nil {
		if bad := refuse(info, true); bad != nil {
			return "", nil, r.faulty(path, customer, bad[0])
		}
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return "", nil, r.faulty(path, customer, openProblem(err)[0])
	}
	return path, append([]byte{}, data...), nil
}

func (r *Roster) faulty(path, customer string, f fault) error {
	return Problem{File: r.short(path), Line: f.line, Customer: customer, Message: f.message, Hint: f.hint}
}

// check reads a customer's file that is not on disk yet.
func check(data []byte) (*customerDraft, *fault) {
	tree, f := parse(data)
	if f != nil {
		return nil, f
	}
	c := &checker{}
	d := readCustomer(tree, c)
	if len(c.faults) > 0 {
		return nil, &c.faults[0]
	}
	return d, nil
}

// write replaces a file by data, after checking that the whole roster would take it and would have role (if not "").
func (r *Roster) write(path, customer string, old, data []byte, role string) error {
	draft, f := check(data)
	if f != nil {
		return r.faulty(path, customer, *f)
	}
	next := &Roster{dir: r.dir, Settings: r.Settings, sources: r.sources, customers: map[string]*Customer{}, roles: map[string]*Role{}, broken: map[string]Problem{}, files: map[string]*file{}}
	files := []found{{path, customer, true}}
	next.files[path] = &file{customer: draft}
	for p, at := range r.files {
		if p != path {
			next.files[p] = at
			files = append(files, found{p, strings.TrimSuffix(filepath.Base(p), suffix), true})
		}
	}
	next.resolve(files, &Roster{})
	if role != "" {
		if _, err := next.Role(role); err != nil {
			return err
		}
	}
	return replace(path, data, old == nil)
}

// replace writes a file in one step and keeps its mode. A link stays a link: its target is replaced.
func replace(path string, data []byte, isNew bool) error {
	mode := fs.FileMode(0o600)
	if !isNew {
		target, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		info, err := os.Stat(target)
		if err != nil {
			return err
		}
		path, mode = target, info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".credd-*") // hidden, and without our suffix
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	if isNew {
		return os.Link(tmp.Name(), path) // fails if somebody made it meanwhile
	}
	return os.Rename(tmp.Name(), path)
}

// newFile is a customer's file with one role.
func (n NewRole) newFile(role string) string {
	account := ""
	if m := roleARNForm.FindStringSubmatch(n.ARN); m != nil {
		account = m[2]
	}
	return "version     = 1\n" +
		line("name       ", n.CustomerName) + line("account_id ", account) +
		line("external_id", n.ExternalID.Reveal()) + line("environment", n.Environment) + n.table(role, true)
}

// table is the role's own table, after a blank line.
func (n NewRole) table(role string, externalIDIsKnown bool) string {
	if strings.ContainsAny(role, "/.@+=,") {
		role = tomlString(role)
	}
	text := "\n[role." + role + "]\n" + line("arn", n.ARN) + line("source", n.Source) + line("duration", n.Duration) + line("region", n.Region)
	if !externalIDIsKnown {
		text += line("external_id", n.ExternalID.Reveal())
	}
	return text
}

func line(key, value string) string {
	if value == "" {
		return ""
	}
	return key + " = " + tomlString(value) + "\n"
}

// tomlString writes a basic string. Control characters become escapes, which the check then refuses by line.
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// join appends text, in the line ends of the file.
func join(old []byte, text string) []byte {
	if len(old) > 0 && old[len(old)-1] != '\n' {
		text = "\n" + text
	}
	if bytes.Contains(old, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return append(bytes.Clone(old), text...)
}

// without returns data less the tables of a role, and the comment directly above each. It reports false where the role is
// written in another way.
func without(data []byte, role string) ([]byte, bool) {
	type header struct {
		at   int // offset of the line, or of the comment above it
		mine bool
	}
	var headers []header
	var p unstable.Parser
	p.Reset(data)
	for p.NextExpression() {
		e := p.Expression()
		var names []string
		first := -1
		for it := e.Key(); it.Next(); {
			if first < 0 {
				first = int(it.Node().Raw.Offset)
			}
			names = append(names, string(it.Node().Data))
		}
		switch e.Kind {
		case unstable.Table:
			mine := len(names) > 1 && names[0] == "role" && names[1] == role
			headers = append(headers, header{commentAbove(data, first), mine})
		case unstable.KeyValue:
			top := len(headers) == 0
			if top && names[0] == "role" {
				return nil, false
			}
		}
	}
	var out []byte
	from, any := 0, false
	for i, h := range headers {
		if !h.mine {
			continue
		}
		end := len(data)
		if i+1 < len(headers) {
			end = headers[i+1].at
		}
		out = append(out, data[from:h.at]...)
		from, any = end, true
	}
	return append(out, data[from:]...), any
}

// commentAbove returns the start of the line at offset, or of the comment lines directly above it.
func commentAbove(data []byte, offset int) int {
	start := bytes.LastIndexByte(data[:offset], '\n') + 1
	for start > 0 {
		above := bytes.LastIndexByte(data[:start-1], '\n') + 1
		if !bytes.HasPrefix(bytes.TrimLeft(data[above:start], " \t"), []byte("#")) {
			break
		}
		start = above
	}
	return start
}
