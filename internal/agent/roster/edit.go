package roster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
		draft, f := checked(old)
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
	if old == nil {
		_, err := now.Role(name)
		return "", err
	}
	draft, f := checked(old)
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

// checked reads a customer's file that is not on disk yet.
func checked(data []byte) (*customerDraft, *fault) {
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
	draft, f := checked(data)
	if f != nil {
		return r.faulty(path, customer, *f)
	}
	next := &Roster{dir: r.dir, Settings: r.Settings, sources: r.sources, customers: map[string]*Customer{}, roles: map[string]*Role{}, broken: map[string]Problem{}, files: map[string]*file{}}
	files := []found{{path: path, customer: customer}}
	next.files[path] = &file{customer: draft}
	for p, at := range r.files {
		if p != path {
			next.files[p] = at
			files = append(files, found{path: p, customer: strings.TrimSuffix(filepath.Base(p), suffix)})
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
