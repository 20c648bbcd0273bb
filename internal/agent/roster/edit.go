package roster

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"credd/internal/agent/cred"
	"credd/internal/disk"
)

// ErrExists is wrapped by the error for a role that is there already.
var ErrExists = errors.New("the role exists already")

// NewRole is a role to add. Only Name is needed, and ARN, or Source alone: then the role hands out that source's own session.
type NewRole struct {
	Name         string // customer/role
	ARN          string
	ExternalID   cred.Secret
	OwnID        bool // it is the role's alone: in a new file it does not become the customer's
	Source       string
	Duration     string
	SessionName  string // a template
	Region       string
	Allow        *Allow // nil: its customer's, or none
	CustomerName string // of a customer that is new
	AccountID    string // likewise, where there is no ARN to tell it
	Environment  string // likewise
}

// Editor changes the configuration below Dir.
type Editor struct {
	Dir string

	// Before, unless it is nil, is told of each file ahead of its writing; old is nil for one that is new. Its error stops that.
	Before func(path string, old, data []byte) error

	NoDefault bool // the first source does not become the default of all roles
}

func (w Editor) replace(path string, old, data []byte) error {
	if w.Before != nil {
		if err := w.Before(path, old, data); err != nil {
			return err
		}
	}
	return unwritten(path, replace(path, data, old == nil))
}

// AddRole is Editor.AddRole.
func AddRole(dir string, n NewRole) (path string, err error) { return Editor{Dir: dir}.AddRole(n) }

// AddRole writes a role into its customer's file, which it makes if need be, and returns the file. The result is checked
// as a whole before it is written; all other bytes stay as they are.
func (w Editor) AddRole(n NewRole) (path string, err error) {
	dir := w.Dir
	customer, role, _ := cutRole(n.Name)
	if !CanBeRole(n.Name) {
		return "", fmt.Errorf("%s is not a role's name, such as acme/admin", quote(n.Name))
	}
	if err := disk.MakeShared(customersDir(dir)); err != nil {
		return "", err
	}
	e, err := begin(dir, customer)
	if err != nil {
		return "", err
	}
	defer e.unlock()
	e.by = w
	if e.old == nil {
		return e.path, e.write([]byte(n.newFile(role)), n.Name, "")
	}
	if r := e.role(role); r != nil {
		return "", fmt.Errorf("%w: %s:%d", ErrExists, e.now.short(e.path), r.role.Line)
	}
	table := n.table(role, n.ExternalID.Equal(e.draft.externalID))
	return e.path, e.write(join(e.old, table), n.Name, "")
}

// RemoveRole takes a role's tables out of its customer's file, unless another role needs it, and returns the file.
func RemoveRole(dir, name string) (path string, err error) {
	customer, role, _ := cutRole(name)
	if _, err := os.Stat(customersDir(dir)); errors.Is(err, fs.ErrNotExist) || !isName(customer) {
		_, err := Load(dir, nil).Role(name)
		return "", err
	}
	e, err := begin(dir, customer)
	if err != nil {
		return "", err
	}
	defer e.unlock()
	r := e.role(role)
	if r == nil {
		_, err := e.now.Role(name)
		return "", err
	}
	rest, ok := without(e.old, "role", role)
	if !ok {
		return "", e.problem(fault{r.role.Line, "the role is not in a table of its own, so credd does not edit it", "remove its lines by hand"})
	}
	return e.path, e.write(rest, "", name)
}

// edit is a change of one customer's file, under the lock of the configuration.
type edit struct {
	now      *Roster
	files    []found // that count now
	customer string
	path     string
	old      []byte         // nil if there is no file yet
	draft    *customerDraft // of old
	by       Editor
	unlock   func()
}

// begin locks the configuration and reads a customer. Only a file in customers/ without a fault can be edited.
func begin(dir, customer string) (*edit, error) {
	unlock, err := lockDir(dir) // as editSettings does: a role and its source change in turn
	if err != nil {
		return nil, err
	}
	e := &edit{now: Load(dir, nil), customer: customer, path: filepath.Join(customersDir(dir), customer+suffix), unlock: unlock}
	e.files, _ = e.now.all()
	if err := e.read(); err != nil {
		unlock()
		return nil, err
	}
	return e, nil
}

func (e *edit) read() error {
	if p, ok := e.now.broken[""]; ok {
		return p
	}
	i := slices.IndexFunc(e.files, func(f found) bool { return f.customer == e.customer })
	if i < 0 {
		return nil
	}
	if f := e.files[i]; !f.own {
		return fmt.Errorf("customer %s is in an included directory, which credd does not change: edit %s", e.customer, f.path)
	}
	if p, ok := e.now.broken[e.customer]; ok {
		return p
	}
	data, err := os.ReadFile(e.path)
	if err != nil {
		return err
	}
	draft, f := readDraft(data)
	if f != nil {
		return e.problem(*f)
	}
	e.old, e.draft = append([]byte{}, data...), draft
	return nil
}

func (e *edit) problem(f fault) Problem { return e.now.problem(e.path, e.customer, f) }

// role is the role as the file has it, nil if it has not.
func (e *edit) role(name string) *roleDraft {
	if e.draft == nil {
		return nil
	}
	i := slices.IndexFunc(e.draft.roles, func(r *roleDraft) bool { return r.name == name })
	if i < 0 {
		return nil
	}
	return e.draft.roles[i]
}

// readDraft reads a customer's file that need not be on disk.
func readDraft(data []byte) (*customerDraft, *fault) {
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

// write replaces the file by data if the role that is added can be used then, and all others still can.
func (e *edit) write(data []byte, added, removed string) error {
	draft, f := readDraft(data)
	if f != nil {
		if f.line > bytes.Count(e.old, []byte("\n")) {
			f.line = 0 // of a line that is not written
		}
		return e.problem(*f)
	}
	next := e.after(draft)
	if added != "" {
		if p, ok := next.broken[added]; ok {
			p.Line = 0
			return p
		}
	}
	for _, role := range e.now.Roles() {
		if p, ok := next.broken[role.Name]; ok && role.Name != removed {
			p.Line = role.sourceLine() // as long as nothing is written
			return p
		}
	}
	return e.by.replace(e.path, e.old, data)
}

// after is the roster as it would be with another version of the file.
func (e *edit) after(draft *customerDraft) *Roster {
	next := newRoster(e.now.dir, e.now)
	next.Settings, next.sources = e.now.Settings, e.now.sources
	maps.Copy(next.files, e.now.files)
	next.files[e.path] = &file{customer: draft}
	files := e.files
	if e.old == nil {
		files = append(files, found{path: e.path, customer: e.customer})
	}
	next.resolve(files, &Roster{})
	return next
}

// replace writes a file in one step and keeps its owner, its group and its mode. A link stays a link: its target is replaced. A new file
// can be read by the group of a directory that is shared with it: the daemon of a machine has not the user of who edits its files.
func replace(path string, data []byte, isNew bool) error {
	if isNew {
		return disk.CreateShared(path, data) // fails if somebody made it meanwhile
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	return disk.Rewrite(target, data)
}

// unwritten is the first error of writing a file, which is not to name the temporary one.
func unwritten(path string, err error) error {
	var first *fs.PathError
	if errors.As(err, &first) {
		return &fs.PathError{Op: "write", Path: path, Err: first.Err}
	}
	return err
}
