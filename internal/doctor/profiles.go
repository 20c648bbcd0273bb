package doctor

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// entry is a profile that names credhelper, with the line of its credential_process.
type entry struct {
	*awsconfig.Named
	command string
	file    string
	line    int
	role    string // that it asks for, "" if that cannot be told
}

// profiles looks at every profile that names credhelper, as the SDKs read it.
func (w *World) profiles() {
	all := w.files.Profiles()
	var leading, bare []string
	w.tested = map[ID]int{}
	refused := w.has(ProfileFiles, Error) // which tells of sections that are there twice
	ours, _ := w.files.Managed()          // a block that is broken is told elsewhere
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := w.entry(all[name])
		if p == nil {
			continue
		}
		if w.command(p) {
			w.asks(p)
		}
		w.shadowed(p)
		w.mixed(p)
		if !refused {
			w.twice(p)
		}
		if _, managed := ours[name]; !managed {
			w.region(p)
		} else if w.tested[ProfileRegion]++; w.regionless(p) {
			bare = append(bare, name)
		}
		leading = append(leading, name)
	}
	if len(bare) > 0 { // a line that is added there would move the profile out of the block
		w.Warn(ProfileRegion, count(len(bare), "profile")+" of credd without a region, and that of [default] is not for them: "+few(bare),
			"set region below [defaults] in "+filepath.Join(w.Config, "credd.toml")+", or in the customers' files; then: credd profiles sync")
	}
	if len(leading) == 0 {
		if _, roles := w.Roster.Count(); roles > 0 {
			w.Warn(ProfileNone, "no profile in "+w.files.Place.Config+" asks credhelper for a role", "credd profiles sync")
		}
		return
	}
	for _, c := range []struct {
		id   ID
		well string
	}{
		{ProfileHelper, "credhelper is there and can be run"},
		{ProfileCopy, "credhelper is the one beside this credd"},
		{ProfileQuotes, "the path of credhelper is quoted as every SDK needs it"},
		{ProfileArguments, "credhelper is given one role"},
		{ProfileRole, "the configuration has the role"},
		{ProfileRegion, "there is a region"},
		{ProfileShadowed, "no key of the AWS files goes before credhelper"},
		{ProfileMixed, "no other way to credentials is beside it"},
		{ProfileTwice, "it is written once"},
	} {
		if n := w.tested[c.id]; n > 0 {
			w.good(c.id, count(n, "profile")+": "+c.well)
		}
	}
}

// entry returns a profile if its credential_process names credhelper, nil if not.
func (w *World) entry(p *awsconfig.Named) *entry {
	command := p.Get("credential_process")
	if !awsconfig.CallsUs(command) && unquoted(command) == "" {
		return nil
	}
	e := &entry{Named: p, command: command, file: w.files.Place.Config}
	for _, in := range []struct {
		file string
		of   []*awsconfig.Section
	}{{w.files.Place.Config, p.Config}, {w.files.Place.Credentials, p.Credentials}} { // those of credentials go before
		for _, s := range in.of {
			for _, set := range s.Settings {
				if set.Key == "credential_process" {
					e.file, e.line = in.file, set.Line
				}
			}
		}
	}
	return e
}

func (w *World) about(p *entry, c ID, s State, message, remedy string) {
	w.Add(Finding{Check: c, State: s, Message: "profile " + p.Name + ": " + message, Remedy: remedy, File: p.file, Line: p.line})
}

// asks looks for the role that a profile asks for.
func (w *World) asks(p *entry) {
	if w.Untold {
		return
	}
	w.tested[ProfileRole]++
	var err error
	if source, own := strings.CutPrefix(p.role, "@"); own {
		_, err = w.Roster.FindSource(source)
	} else {
		_, err = w.Roster.Role(p.role)
	}
	var problem roster.Problem
	near := w.Roster.Nearest(p.role)
	switch {
	case err == nil:
	case errors.As(err, &problem):
		w.about(p, ProfileRole, Error, p.role+" cannot be used: "+problem.Error(), mend(problem))
	case near != "":
		w.about(p, ProfileRole, Error, "there is no "+p.role, w.write(p, near))
	case strings.HasPrefix(p.role, "@"):
		w.about(p, ProfileRole, Error, "there is no source "+p.role[1:], "credd source list  (and name one of them, or remove the profile)")
	case !roster.CanBeRole(p.role):
		w.about(p, ProfileRole, Error, p.role+" is no role's name, which is CUSTOMER/ROLE", "credd role list  (and name one of them in line "+itoa(p.line)+" of "+p.file+")")
	case w.About == Guest:
		w.about(p, ProfileRole, Error, "there is no role "+p.role+" that you may use", "ask who runs this machine's credd, or: credd profiles sync")
	default:
		w.about(p, ProfileRole, Error, "there is no role "+p.role, "credd role add "+p.role+" --help, or remove the profile: line "+itoa(p.line)+" of "+p.file)
	}
}

// region sees that the AWS CLI need not ask for one.
func (w *World) region(p *entry) {
	w.tested[ProfileRegion]++
	if !w.regionless(p) {
		return
	}
	region := "REGION"
	if r, err := w.Roster.Role(p.role); err == nil && r.Region != "" {
		region = r.Region
	}
	w.about(p, ProfileRegion, Warning, "it has no region, and that of [default] is not for it", "add below line "+itoa(p.line)+" of "+p.file+": region = "+region)
}

func (w *World) regionless(p *entry) bool {
	return p.Get("region") == "" && (w.Getenv("AWS_REGION") == "" || w.Getenv("AWS_DEFAULT_REGION") == "")
}

// shadowed looks for keys that go before credential_process in every SDK.
func (w *World) shadowed(p *entry) {
	w.tested[ProfileShadowed]++
	for _, in := range []struct {
		file string
		of   []*awsconfig.Section
	}{{w.files.Place.Credentials, p.Credentials}, {w.files.Place.Config, p.Config}} {
		for _, s := range in.of {
			if s.Get("aws_access_key_id") == "" {
				continue
			}
			state, who := Error, "goes before credhelper in the AWS CLI and all SDKs"
			if in.file == w.files.Place.Config {
				who = "stands beside credential_process: the SDKs for Go and JavaScript use it, the AWS CLI does not"
			}
			w.Add(Finding{Check: ProfileShadowed, State: state, File: in.file, Line: s.Line, Message: "profile " + p.Name + ": the access key in " + in.file + ":" + itoa(s.Line) + " " + who,
				Remedy: "remove aws_access_key_id and aws_secret_access_key below line " + itoa(s.Line) + " of " + in.file})
			return
		}
	}
}

// others are settings that are another way to credentials, with who prefers them to credential_process.
var others = []struct{ key, who string }{
	{"role_arn", "goes before credential_process in the AWS CLI, and with a source_profile in all SDKs"},
	{"sso_session", "goes before credential_process in the AWS CLI, boto3 and Go, and after it in JavaScript"},
	{"sso_start_url", "goes before credential_process in the AWS CLI, boto3 and Go, and after it in JavaScript"},
	{"web_identity_token_file", "goes before credential_process in the AWS CLI and all SDKs, with role_arn"},
	{"login_session", "is another login beside credential_process: the SDKs do not agree which goes before"},
	{"source_profile", "has no use beside credential_process"},
}

// mixed looks for another way to credentials in one profile.
func (w *World) mixed(p *entry) {
	w.tested[ProfileMixed]++
	for _, o := range others {
		if p.Get(o.key) == "" {
			continue
		}
		file, line := w.where(p.Named, o.key)
		state := Error
		if o.key == "source_profile" {
			state = Warning
		}
		w.Add(Finding{Check: ProfileMixed, State: state, File: file, Line: line, Message: "profile " + p.Name + ": " + o.key + " " + o.who,
			Remedy: "remove line " + itoa(line) + " of " + file + ", or take the profile over: credd import --only " + Quote(p.Name)})
		return
	}
}

// where is the line of a profile's setting that counts.
func (w *World) where(p *awsconfig.Named, key string) (file string, line int) {
	for _, in := range []struct {
		file string
		of   []*awsconfig.Section
	}{{w.files.Place.Config, p.Config}, {w.files.Place.Credentials, p.Credentials}} {
		for _, s := range in.of {
			for _, set := range s.Settings {
				if set.Key == key {
					file, line = in.file, set.Line
				}
			}
		}
	}
	return file, line
}

// twice tells of a profile with two sections in one file.
func (w *World) twice(p *entry) {
	w.tested[ProfileTwice]++
	if len(p.Config) < 2 {
		return
	}
	again := p.Config[1]
	w.Add(Finding{Check: ProfileTwice, State: Warning, File: w.files.Place.Config, Line: again.Line,
		Message: "profile " + p.Name + " is there " + count(len(p.Config), "time") + ", written in two ways: the AWS CLI and boto3 read only the last",
		Remedy:  "make one section of lines " + itoa(p.Config[0].Line) + " and " + itoa(again.Line) + " of " + w.files.Place.Config})
}
