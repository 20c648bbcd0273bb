package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"credd/internal/adopt"
	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// roster tells what is wrong in the configuration.
func (w *World) roster() {
	for _, p := range w.Roster.Problems() {
		w.Add(Finding{Check: ConfigFiles, State: Error, Message: p.Error(), Remedy: mend(p), File: w.whole(p.File), Line: p.Line})
	}
	customers, roles := w.Roster.Count()
	if _, err := os.Lstat(filepath.Join(w.Config, "credd.toml")); err == nil || customers > 0 {
		w.good(ConfigFiles, fmt.Sprintf("%s: %s of %s, %s", w.Config, count(roles, "role"), count(customers, "customer"), count(len(w.Roster.Sources()), "source")))
	}
	switch {
	case w.has(ConfigFiles, Error):
	case roles == 0 && len(w.Roster.Sources()) == 0 && w.About == Machine:
		w.Warn(ConfigSetup, "nothing is set up yet", "credd source add --help  (see docs/system.md)")
	case roles == 0 && len(w.Roster.Sources()) == 0 && w.Untold:
		w.Skip(ConfigSetup, "the configuration: there is none here, and the credd that is asked has its own", "")
	case roles == 0 && len(w.Roster.Sources()) == 0:
		w.Warn(ConfigSetup, "nothing is set up yet", "credd init")
	case len(w.Roster.Sources()) == 0:
		w.Warn(ConfigSetup, "there is no source, and so nothing that assumes roles", "credd source add --help")
	case roles == 0:
		w.Skip(ConfigSetup, "there is no role yet", "credd role add --help")
	}
}

// mend is what to do about a problem: its own hint, else where to look.
func mend(p roster.Problem) string {
	switch {
	case p.Hint != "":
		return p.Hint
	case p.Line > 0:
		return fmt.Sprintf("correct line %d of %s; what can stand there is in docs/configuration.md", p.Line, p.File)
	}
	return "correct " + p.File + "; what can stand there is in docs/configuration.md"
}

// whole is the path of a file that the roster names by its path below the configuration.
func (w *World) whole(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(w.Config, file)
}

// journal is where imports are written down.
func (w *World) journal() adopt.Journal { return adopt.JournalIn(w.State) }

// imports tells of an import that did not come to its end.
func (w *World) imports() {
	runs, err := w.journal().Runs()
	switch {
	case err != nil:
		w.Add(Finding{Check: ConfigImport, State: Error, Message: "the journal of imports cannot be read: " + cause(err), File: w.journal().Path,
			Remedy: "mv " + Quote(w.journal().Path) + " " + Quote(w.journal().Path+".broken") + "  (imports before cannot be taken back then)"})
	case len(runs) == 0:
	case !runs[len(runs)-1].Done:
		w.Add(Finding{Check: ConfigImport, State: Error, Message: "an import did not finish", Remedy: "credd import --undo", File: w.journal().Path})
	default:
		w.OK(ConfigImport, "the last import is complete, and can be taken back: credd import --undo")
	}
}

// leftKeys names access keys that stay in clear after an import.
func (w *World) leftKeys() {
	runs, err := w.journal().Runs()
	if err != nil || len(runs) == 0 {
		return
	}
	moved := map[string]string{} // sources by the ID of the key
	for _, r := range runs {
		for _, k := range r.Keys {
			moved[k.ID] = k.Source
		}
	}
	for _, s := range []struct {
		path string
		in   []awsconfig.Section
	}{{w.files.Place.Credentials, w.files.Credentials}, {w.files.Place.Config, w.files.Config}} {
		for _, sec := range s.in {
			id := sec.Get("aws_access_key_id")
			if id == "" || sec.Get("aws_session_token") != "" {
				continue
			}
			message, remedy := "the access key of profile "+sec.Name+" is still in "+s.path+" in clear", "credd import --keys --only "+Quote(sec.Name)
			if source := moved[id]; source != "" {
				message = "the access key of profile " + sec.Name + " is in the vault, and still in " + s.path + " in clear"
				remedy = "credd source rotate " + source + "  (it disables that key), or remove line " + itoa(sec.Line) + " and its keys"
			}
			w.Add(Finding{Check: ConfigLeftKeys, State: Warning, Message: message, Remedy: remedy, File: s.path, Line: sec.Line})
		}
	}
	w.good(ConfigLeftKeys, "no access key was left in the AWS files")
}

// permissions sees that nobody else may change what credd goes by. Customer files are the roster's to judge.
func (w *World) permissions() {
	n := 0
	see := func(path string, private bool) {
		i, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			w.Add(Finding{Check: ConfigPermissions, State: Error, Message: path + " cannot be looked at: " + cause(err), File: path,
				Remedy: "let it be yours: sudo chown -R " + itoa(w.UID) + " " + Quote(filepath.Dir(path))})
			return
		}
		n++
		w.closed(path, i, private)
	}
	for _, dir := range []string{w.Config, filepath.Join(w.Config, "customers"), w.State} {
		see(dir, false)
	}
	for _, path := range []string{w.Data, filepath.Join(w.Data, "vault.age"), filepath.Join(w.Data, "vault.key"), filepath.Join(w.Data, "vault.key.age"),
		filepath.Join(w.State, "audit.log"), filepath.Join(w.State, "credd.log"), w.journal().Path} {
		see(path, true)
	}
	if f := w.Roster.Settings.Vault.KeyFile; f != "" {
		see(f, true)
	}
	at := w.place()
	see(w.AWS, false)
	see(at.Config, false)
	if i, err := os.Stat(at.Credentials); err == nil {
		n++
		if w.closed(at.Credentials, i, false) && i.Mode().Perm()&0o044 != 0 && readableByOthers(i) {
			w.Add(Finding{Check: ConfigPermissions, State: Warning, Message: "others may read " + at.Credentials, Remedy: "chmod go-rwx " + Quote(at.Credentials), File: at.Credentials})
		}
	}
	if n > 0 {
		w.good(ConfigPermissions, "nobody else may change the files of credd and of AWS")
	}
}
