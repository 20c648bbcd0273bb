package awsconfig

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Place says where the two files are.
type Place struct{ Config, Credentials string }

// In returns the files below a directory, ~/.aws.
func In(dir string) Place {
	return Place{filepath.Join(dir, "config"), filepath.Join(dir, "credentials")}
}

// InEnvironment returns the files that the AWS CLI of this environment uses: those of AWS_CONFIG_FILE and
// AWS_SHARED_CREDENTIALS_FILE, else those below dir.
func InEnvironment(dir string) Place {
	p := In(dir)
	if f := os.Getenv("AWS_CONFIG_FILE"); f != "" {
		p.Config = expand(f)
	}
	if f := os.Getenv("AWS_SHARED_CREDENTIALS_FILE"); f != "" {
		p.Credentials = expand(f)
	}
	return p
}

// expand resolves ~/ as the AWS CLI does.
func expand(path string) string {
	if home, err := os.UserHomeDir(); err == nil && len(path) > 1 && path[0] == '~' && os.IsPathSeparator(path[1]) {
		return filepath.Join(home, path[2:])
	}
	return path
}

// Files are both files as read.
type Files struct {
	Place
	ConfigData, CredentialsData []byte // nil: there is no such file
	Config, Credentials         []Section
}

// Read reads both files. One that is not there is empty; a pipe, which nobody may ever write to, is refused. Its errors are *Error.
func Read(at Place) (*Files, error) {
	f := &Files{Place: at}
	var err error
	if f.ConfigData, err = readFile(at.Config); err != nil {
		return nil, err
	}
	if f.CredentialsData, err = readFile(at.Credentials); err != nil {
		return nil, err
	}
	f.Config, f.Credentials = Parse(f.ConfigData, Config), Parse(f.CredentialsData, Credentials)
	return f, nil
}

const maxProfiles = 16 << 20 // bytes of a file: far above any with profiles

// readFile waits for no pipe, and reads no device without an end.
func readFile(path string) ([]byte, error) {
	switch info, err := os.Stat(path); {
	case err != nil, path == os.DevNull:
	case !info.Mode().IsRegular():
		return nil, irregular(path, info)
	case info.Size() > maxProfiles:
		return nil, &Error{Path: path, Message: "it is larger than 16 MiB", Hint: "look what fills it: less " + word(path)}
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unreadable(path, err)
	}
	return data, nil
}

// Named is a profile with all the sections that make it.
type Named struct {
	Name        string
	Config      []*Section // in config, in its order
	Credentials []*Section // in credentials
}

// Get returns a setting as the SDKs merge it: of credentials before config, of two sections the later.
func (n *Named) Get(key string) string {
	for _, in := range [][]*Section{n.Credentials, n.Config} {
		for _, s := range slices.Backward(in) {
			if s.Has(key) {
				return s.Get(key)
			}
		}
	}
	return ""
}

// Profiles returns the profiles of both files by name.
func (f *Files) Profiles() map[string]*Named {
	all := map[string]*Named{}
	named := func(name string) *Named {
		if all[name] == nil {
			all[name] = &Named{Name: name}
		}
		return all[name]
	}
	for i := range f.Config {
		if s := &f.Config[i]; s.Kind == Profile && s.Name != "" {
			n := named(s.Name)
			n.Config = append(n.Config, s)
		}
	}
	for i := range f.Credentials {
		if s := &f.Credentials[i]; s.Name != "" {
			n := named(s.Name)
			n.Credentials = append(n.Credentials, s)
		}
	}
	return all
}

// Names returns the names of all profiles, sorted.
func (f *Files) Names() []string { return slices.Sorted(maps.Keys(f.Profiles())) }

// SSOSessionOf returns the settings of an [sso-session], nil if there is none. Of sections of one name the later goes before,
// setting by setting.
func SSOSessionOf(config []Section, name string) map[string]string {
	var values map[string]string
	for _, s := range config {
		if s.Kind != SSOSession || s.Name != name {
			continue
		}
		if values == nil {
			values = map[string]string{}
		}
		for _, set := range s.Settings {
			values[set.Key] = set.Value
		}
	}
	return values
}

// Leading returns, by role or @SOURCE, the names of the profiles that get their credentials from credhelper. A profile with
// keys of its own in credentials is none: they go before credential_process.
func (f *Files) Leading() map[string][]string {
	all := map[string][]string{}
	profiles := f.Profiles()
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		if role, ok := profiles[name].asks(); ok {
			all[role] = append(all[role], name)
		}
	}
	return all
}

func (n *Named) asks() (role string, ok bool) {
	role, ok = Asks(n.Get("credential_process"))
	return role, ok && n.Get("aws_access_key_id") == ""
}

// leads reports whether a profile gets its credentials from a role.
func leads(n *Named, role string) bool {
	of, ok := n.asks()
	return ok && of == role
}
