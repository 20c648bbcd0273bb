// Package doctor looks for what is wrong with an installation in files, in the environment and in the programs around it. It asks
// neither the daemon nor AWS: that is cli's. A check says what it found and how to mend it; it changes nothing.
package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/ipc"
)

// State is what a check found.
type State string

const (
	OK       State = "ok"
	Warning  State = "warning"
	Error    State = "error"
	Untested State = "untested" // or an option that is not in use
)

// Finding is one line of the report. Message and Remedy are one line each, and hold no secret.
type Finding struct {
	Check   ID       `json:"check"`
	Section string   `json:"section"`
	State   State    `json:"state"`
	Message string   `json:"message"`
	Remedy  string   `json:"remedy"` // commands, or an edit; "" of what is well
	File    string   `json:"file,omitempty"`
	Line    int      `json:"line,omitempty"`
	Code    ipc.Code `json:"-"` // of an error
}

// Report collects findings.
type Report struct {
	mu  sync.Mutex
	all []Finding
}

// Add adds a finding to the section of its check.
func (r *Report) Add(f Finding) {
	f.Section = sections[f.Check]
	if f.State == Error && f.Code == ipc.OK {
		f.Code = ipc.Usage
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, f)
}

// OK tells what was tested and is well.
func (r *Report) OK(c ID, message string) { r.Add(Finding{Check: c, State: OK, Message: message}) }

// Warn tells what may cause trouble.
func (r *Report) Warn(c ID, message, remedy string) {
	r.Add(Finding{Check: c, State: Warning, Message: message, Remedy: remedy})
}

// Fail tells what does not work.
func (r *Report) Fail(c ID, code ipc.Code, message, remedy string) {
	r.Add(Finding{Check: c, State: Error, Code: code, Message: message, Remedy: remedy})
}

// Skip tells what was not tested.
func (r *Report) Skip(c ID, message, remedy string) {
	r.Add(Finding{Check: c, State: Untested, Message: message, Remedy: remedy})
}

// Findings returns all, in the order of the sections and of the checks in them.
func (r *Report) Findings() []Finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []Finding{}
	for _, c := range Checks {
		for _, f := range r.all {
			if f.Check == c.ID {
				out = append(out, f)
			}
		}
	}
	return out
}

// good adds one line for a check that found nothing wrong.
func (r *Report) good(c ID, message string) {
	if !slices.ContainsFunc(r.Findings(), func(f Finding) bool { return f.Check == c && f.State != Untested }) {
		r.OK(c, message)
	}
}

// About is whose credd a report is about.
type About int

const (
	Own     About = iota // the user's
	Guest                // the machine's, as one of its users, to whom its files are closed
	Machine              // the machine's, as its administrator
)

// World is the machine as a report sees it.
type World struct {
	*Report
	About                    About
	Config, State, Data, AWS string // directories
	Helper                   string // the credhelper beside this credd
	Version                  string // of this credd, "" if it cannot tell
	Dir                      string // the working directory
	UID                      int
	Asked                    int // pid of the daemon that answers, 0 for none
	Getenv                   func(string) string
	Shadowing                []string // variables that go before a profile
	Roster                   *roster.Roster
	Untold                   bool // the roster is empty because the daemon that has the roles did not tell them

	files  *awsconfig.Files // nil: they cannot be read
	tested map[ID]int       // profiles that a check was made of
}

// maxAWSFile is far above any file of profiles: more is not read.
const maxAWSFile = 16 << 20

// Files runs all checks of files and of the environment. They take no time.
func (w *World) Files() {
	if w.About == Machine { // who has no profiles, and no shell
		w.roster()
		w.machine()
		return
	}
	if w.About == Own {
		w.roster()
	}
	w.permissions()
	w.imports()
	w.readAWS()
	w.environment()
	if w.files != nil {
		w.profiles()
		w.leftKeys()
	}
	w.shell()
}

// readAWS reads the files of profiles that this shell's programs read.
func (w *World) readAWS() {
	at := w.place()
	for _, path := range []string{at.Config, at.Credentials} {
		i, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist), path == os.DevNull:
		case err != nil:
			w.unread(path, cause(err), "let it be readable: chmod u+rwx "+Quote(filepath.Dir(path)))
		case i.IsDir():
			w.unread(path, "it is a directory", "name a file: unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE, or move it away: mv "+Quote(path)+" "+Quote(path+".dir"))
		case !i.Mode().IsRegular():
			w.unread(path, "it is no file", "move it away: mv "+Quote(path)+" "+Quote(path+".other"))
		case i.Size() > maxAWSFile:
			w.unread(path, "it is larger than 16 MiB", "look what fills it: less "+Quote(path))
		}
	}
	if w.has(ProfileFiles, Error) {
		return
	}
	files, err := awsconfig.Read(at)
	if err != nil {
		w.unread(pathOf(err, at.Config), cause(err), "let it be readable: chmod u+r "+Quote(pathOf(err, at.Config)))
		return
	}
	w.files = files
	w.broken(files)
	if files.ConfigData == nil && files.CredentialsData == nil {
		w.Skip(ProfileFiles, "profiles: there is neither "+at.Config+" nor "+at.Credentials, "")
		return
	}
	w.good(ProfileFiles, "the AWS files can be read: "+count(len(files.Profiles()), "profile"))
}

func (w *World) unread(path, why, remedy string) {
	w.Add(Finding{Check: ProfileFiles, State: Error, Message: path + " cannot be read: " + why, Remedy: remedy, File: path})
}

// broken tells of what makes the AWS CLI and boto3 refuse a file.
func (w *World) broken(files *awsconfig.Files) {
	for _, in := range []struct {
		path string
		data []byte
	}{{files.Place.Config, files.ConfigData}, {files.Place.Credentials, files.CredentialsData}} {
		if f := flawOf(in.data); f != nil {
			at := in.path + ":" + itoa(f.line)
			w.Add(Finding{Check: ProfileFiles, State: Error, Message: at + ": " + f.why + ": the AWS CLI and boto3 refuse the whole file",
				Remedy: "in " + at + ": " + f.remedy, File: in.path, Line: f.line})
		}
	}
}

func (r *Report) has(c ID, s State) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.all {
		if f.Check == c && f.State == s {
			return true
		}
	}
	return false
}

// place says where the files are that this shell's programs read.
func (w *World) place() awsconfig.Place {
	at := awsconfig.In(w.AWS)
	home := filepath.Dir(w.AWS)
	for variable, to := range map[string]*string{"AWS_CONFIG_FILE": &at.Config, "AWS_SHARED_CREDENTIALS_FILE": &at.Credentials} {
		if f := w.Getenv(variable); f != "" {
			if rest, ok := strings.CutPrefix(f, "~/"); ok {
				f = filepath.Join(home, rest)
			}
			if !filepath.IsAbs(f) {
				f = filepath.Join(w.Dir, f)
			}
			*to = f
		}
	}
	return at
}

// Programs runs all checks that start other programs, all at once. Each has a few seconds.
func (w *World) Programs(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, programsTimeout)
	defer cancel()
	if w.About == Machine {
		w.helper(ctx)
		return
	}
	var all sync.WaitGroup
	for _, check := range []func(context.Context){w.helper, w.awsCLI, w.python, w.terraform} {
		all.Go(func() { check(ctx) })
	}
	w.node()
	w.goModule()
	w.others()
	w.leftover()
	all.Wait()
}

const programsTimeout = 8 * time.Second // of all programs together: they run beside each other
