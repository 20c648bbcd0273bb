package paths

import "os"

// Private makes a directory. Below %LocalAppData% it inherits an access list that names its owner alone.
func Private(dir string) error { return os.MkdirAll(dir, 0o700) }
