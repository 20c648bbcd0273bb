package host

import "path/filepath"

// firstText is the machine's credd.toml before root writes one.
const firstText = `# The credd of this machine, for all its users. See docs/system.md and docs/configuration.md of credd.
version = 1
`

// firstConfig writes a first credd.toml into the machine's configuration, if there is none.
func (s *Service) firstConfig(dir string) (path string, isNew bool, err error) {
	path = filepath.Join(dir, "credd.toml")
	if there(path) {
		return path, false, nil
	}
	isNew, err = s.write(file{path, []byte(firstText), 0o640})
	return path, isNew, err
}
