package roster

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"credd/internal/disk"
)

// ErrUnknownCustomer is wrapped by the error for a customer that no file names.
var ErrUnknownCustomer = errors.New("no such customer")

// FindCustomer is Customer with the reason why there is none: a Problem if its file cannot be used, else an error that wraps
// ErrUnknownCustomer.
func (r *Roster) FindCustomer(key string) (*Customer, error) {
	if c, ok := r.customers[key]; ok {
		return c, nil
	}
	for _, of := range []string{key, ""} {
		if p, ok := r.broken[of]; ok {
			return nil, p
		}
	}
	if near := nearest(key, maps.Keys(r.customers)); near != "" {
		return nil, fmt.Errorf("%w: %s (did you mean %s?)", ErrUnknownCustomer, quote(key), near)
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknownCustomer, quote(key))
}

// Retire moves a customer's file to another path of the same file system, in one step, unless others need the customer.
func Retire(dir, customer, to string) error {
	return retire(dir, customer, func(path string) error {
		if err := absent(to); err != nil {
			return err
		}
		return move(path, to)
	})
}

// CheckRetirement is Retire that changes nothing.
func CheckRetirement(dir, customer string) error {
	return retire(dir, customer, func(string) error { return nil })
}

func retire(dir, customer string, do func(path string) error) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) || !isName(customer) {
		_, err := Load(dir, nil).FindCustomer(customer)
		return err
	}
	e, err := begin(dir, customer)
	if err != nil {
		return err
	}
	defer e.unlock()
	if e.old == nil {
		_, err := e.now.FindCustomer(customer)
		return err
	}
	if err := e.needed(); err != nil {
		return err
	}
	return do(e.path)
}

// needed says what would be another if the customer's file were gone, beside the customer.
func (e *edit) needed() error {
	if target, err := os.Readlink(e.path); err == nil {
		return Problem{File: e.now.short(e.path), Customer: e.customer, Message: "the file is a link, which credd does not move",
			Hint: "remove the link by hand, or put in its place what it leads to: " + target}
	}
	for _, dir := range e.now.Settings.include {
		i := slices.IndexFunc(e.now.listing[dir], func(f found) bool { return f.customer == e.customer })
		if i >= 0 {
			return Problem{File: e.now.listing[dir][i].path, Customer: e.customer, Message: "customer " + e.customer + " has a file here too, which would be in force then",
				Hint: "let whoever keeps that directory remove it first"}
		}
	}
	if of, _, ok := cutRole(e.now.Settings.Defaults.Source); ok && of == e.customer {
		return e.now.problem(settingsFile(e.now.dir), "", fault{e.now.settings.settings.source,
			"role " + e.now.Settings.Defaults.Source + " is needed by [defaults]", "name another source there first, or remove that line"})
	}
	for _, role := range e.now.Roles() {
		if of, _, ok := cutRole(role.Source); ok && of == e.customer && role.Customer.Key != e.customer {
			return Problem{File: role.File, Line: role.sourceLine(), Customer: role.Customer.Key,
				Message: "role " + role.Source + " is needed by role " + role.Name + ", which is assumed from it",
				Hint:    "name another source there first, or remove the role: credd role remove " + role.Name}
		}
	}
	return nil
}

// Reinstate moves a file that Retire moved away back. There must be no customer of that name.
func Reinstate(dir, customer, from string) (path string, err error) {
	return back(dir, customer, func(path string) error { return move(from, path) })
}

// CheckReturn is Reinstate that changes nothing.
func CheckReturn(dir, customer string) error {
	_, err := back(dir, customer, func(string) error { return nil })
	return err
}

func back(dir, customer string, do func(path string) error) (path string, err error) {
	if !isName(customer) {
		return "", fmt.Errorf("%w: %s", ErrUnknownCustomer, quote(customer))
	}
	if err := disk.MakeShared(customersDir(dir)); err != nil {
		return "", err
	}
	unlock, err := lockDir(dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	now := Load(dir, nil)
	files, _ := now.all()
	if i := slices.IndexFunc(files, func(f found) bool { return f.customer == customer }); i >= 0 {
		return "", fmt.Errorf("%w: %s", ErrCustomerExists, now.short(files[i].path))
	}
	path = filepath.Join(customersDir(dir), customer+suffix)
	if err := absent(path); err != nil {
		return "", err
	}
	return path, do(path)
}

// ErrCustomerExists is wrapped by the error for a customer that is there already.
var ErrCustomerExists = errors.New("the customer exists")

func absent(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, &fs.PathError{Op: "move", Path: path, Err: fs.ErrExist})
	}
	return nil
}

func move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(disk.SyncDir(filepath.Dir(to)), disk.SyncDir(filepath.Dir(from)))
}

// RolesIn returns the ARNs of the roles in a customer's file, wherever that is, by their names without the customer's. One that
// hands out its source's own session has none.
func RolesIn(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	draft, f := readDraft(data)
	if f != nil {
		return nil, Problem{File: path, Line: f.line, Message: f.message, Hint: f.hint}
	}
	arns := map[string]string{}
	for _, r := range draft.roles {
		arns[r.name] = r.role.ARN
	}
	return arns, nil
}
