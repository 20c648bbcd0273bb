package adopt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"credd/internal/awsconfig"
)

// taken are the settings that credd's line replaces, beside those that begin with sso_ and granted_.
var taken = []string{
	"role_arn", "source_profile", "credential_source", "external_id", "mfa_serial", "duration_seconds", "role_session_name",
	"web_identity_token_file", "credential_process",
}

var keySettings = []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token"}

// takes says whether a setting of a profile goes.
func takes(pr *profile, key string) bool {
	if slices.Contains(keySettings, key) {
		return pr.key // else it would not be taken over
	}
	if pr.what == keys {
		return key == "credential_process"
	}
	return slices.Contains(taken, key) || strings.HasPrefix(key, "sso_") || strings.HasPrefix(key, "granted_")
}

// indented returns a setting of a profile that would go with lines that belong to it, which an SDK may or may not read as part
// of its value; "" if there is none.
func indented(files *awsconfig.Files, pr *profile) string {
	for i, all := range [][]*awsconfig.Section{pr.Config, pr.Credentials} {
		data := [][]byte{files.ConfigData, files.CredentialsData}[i]
		for _, s := range all {
			for _, set := range s.Settings {
				text := strings.TrimSpace(string(data[set.Start:set.End]))
				if (takes(pr, set.Key) || slices.Contains(keySettings, set.Key)) && strings.Contains(text, "\n") {
					return set.Key
				}
			}
		}
	}
	return ""
}

// asks is what the profile's credential_process is to ask for, "" if its lines stay.
func (p *planner) asks(pr *profile) string {
	if !p.needed[pr.Name] || !p.chosen(pr.Name) || p.readers.bound(pr) != "" {
		return ""
	}
	switch {
	case p.isRole(pr):
		return p.roles[pr.Name]
	case pr.what == sso, pr.what == webIdentity, pr.what == keys && p.moves(pr):
		return "@" + p.sources[origin{pr.Name, p.serials(pr)[0]}]
	}
	return ""
}

// rewrite plans the files.
func (p *planner) rewrite() error {
	config := File{Path: p.files.Place.Config, Kind: awsconfig.Config, Before: p.files.ConfigData}
	creds := File{Path: p.files.Place.Credentials, Kind: awsconfig.Credentials, Before: p.files.CredentialsData}
	var made []*profile
	for _, pr := range p.all {
		asks := p.asks(pr)
		if asks == "" {
			continue
		}
		line, err := p.line(asks)
		if err != nil {
			return err
		}
		for i, s := range pr.Config {
			config.Places = append(config.Places, numbered(places(p.files.ConfigData, pr, s), i, len(pr.Config))...)
		}
		if len(pr.Config) == 0 {
			made = append(made, pr)
		} else {
			config.Places = put(config.Places, p.files.ConfigData, pr, line)
		}
		creds.Places = append(creds.Places, p.outOfCredentials(pr)...)
	}
	config.finish()
	for _, pr := range made {
		line, err := p.line(p.asks(pr))
		if err != nil {
			return err
		}
		config.append(pr, line)
	}
	creds.finish()
	for _, f := range []File{config, creds} { // the order in which they are written: while both have a profile the key works
		if len(f.Places) > 0 {
			p.plan.Files = append(p.plan.Files, f)
		}
	}
	return nil
}

// outOfCredentials are the places of a profile in credentials.
func (p *planner) outOfCredentials(pr *profile) (out []Place) {
	for i, s := range pr.Credentials {
		all := places(p.files.CredentialsData, pr, s)
		if len(all) == 1 {
			all[0] = wholeSection(p.files.CredentialsData, s, all[0], p.below(s))
		}
		out = append(out, numbered(all, i, len(pr.Credentials))...)
	}
	return out
}

func (p *planner) line(asks string) (string, error) {
	command, err := awsconfig.Command(p.o.Helper, asks)
	return "credential_process = " + command, err
}

// below is the profile whose section follows in credentials.
func (p *planner) below(s *awsconfig.Section) string {
	for _, other := range p.files.Credentials {
		if other.Start == s.Next {
			return other.Name
		}
	}
	return ""
}

// finish makes After of the places.
func (f *File) finish() {
	slices.SortStableFunc(f.Places, func(a, b Place) int { return a.Start - b.Start })
	var edits []awsconfig.Edit
	for _, p := range f.Places {
		edits = append(edits, awsconfig.Edit{Start: p.Start, End: p.Start + p.Length, Text: p.New})
	}
	f.After = awsconfig.Apply(f.Before, edits...)
	moved := map[string]bool{}
	for _, p := range f.Places {
		moved[p.Profile] = moved[p.Profile] || p.Header
	}
	for i := range f.Places {
		if p := &f.Places[i]; moved[p.Profile] || p.Of < 2 {
			p.Nth, p.Of = 0, 0
		}
	}
}

// append adds a section at the end of the file.
func (f *File) append(pr *profile, line string) {
	end := awsconfig.Newline(f.Before)
	text := fmt.Sprintf("[%s]%s%s%s", header(pr.Name), end, line, end)
	if len(f.After) > 0 {
		text = end + text
		if !bytes.HasSuffix(f.After, []byte("\n")) {
			text = end + text
		}
	}
	f.Places = append(f.Places, Place{Profile: pr.Name, Start: len(f.Before), New: text, Made: true})
	f.After = append(f.After, text...)
}

// header is what stands in a profile's brackets.
func header(name string) string {
	if name == "default" {
		return name
	}
	if strings.ContainsAny(name, " \t") {
		name = `"` + name + `"`
	}
	return "profile " + name
}

// sectionCanBeMade says whether a profile that only credentials has can get a section in config.
func sectionCanBeMade(name string) bool { return !strings.ContainsAny(name, "[]\"'\\#;\n") }
