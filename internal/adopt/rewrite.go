package adopt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"credd/internal/awsconfig"
)

// Place is a part of a file that an import changes, as the journal has it. A text that may hold a key is not here: Kept counts
// it among those in the vault.
type Place struct {
	Profile string `json:"profile"`
	Start   int    `json:"start"` // in the file before
	Length  int    `json:"length"`
	Old     []byte `json:"old,omitempty"`  // need not be UTF-8
	Kept    int    `json:"kept,omitempty"` // from 1; 0: Old has the text
	New     string `json:"new,omitempty"`
	Header  bool   `json:"header,omitempty"` // the section's header goes with it
	Made    bool   `json:"made,omitempty"`   // New begins a section
	After   string `json:"after,omitempty"`  // the setting above that stays, "" for the header
	Next    string `json:"next,omitempty"`   // with Header: the profile below

	old    string // the text, wherever the journal has it
	secret bool   // it holds a key
}

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
		for _, s := range pr.Config {
			config.Places = append(config.Places, places(p.files.ConfigData, pr, s)...)
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
	for _, s := range pr.Credentials {
		all := places(p.files.CredentialsData, pr, s)
		if len(all) == 1 {
			all[0] = wholeSection(p.files.CredentialsData, s, all[0], p.below(s))
		}
		out = append(out, all...)
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

// places are the runs of lines of a section that go.
func places(data []byte, pr *profile, s *awsconfig.Section) []Place {
	var out []Place
	after := ""
	for _, set := range s.Settings {
		if !takes(pr, set.Key) {
			after = set.Key
			continue
		}
		if n := len(out); n > 0 && out[n-1].Start+out[n-1].Length == set.Start {
			out[n-1].Length = set.End - out[n-1].Start
		} else {
			out = append(out, Place{Profile: pr.Name, Start: set.Start, Length: set.End - set.Start, After: after})
		}
		last := &out[len(out)-1]
		last.secret = last.secret || slices.Contains(keySettings, set.Key)
	}
	for i := range out {
		out[i].old = string(data[out[i].Start : out[i].Start+out[i].Length])
	}
	return out
}

// wholeSection makes a place take the section's header too, if nothing else is in the section.
func wholeSection(data []byte, s *awsconfig.Section, of Place, next string) Place {
	if of.Start+of.Length != s.End || strings.TrimSpace(string(data[s.Body:of.Start])) != "" {
		return of
	}
	end := s.End
	for end < s.Next {
		line := data[end:s.Next]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		if len(bytes.TrimSpace(line)) > 0 {
			break
		}
		end += len(line)
	}
	return Place{Profile: of.Profile, Start: s.Start, Length: end - s.Start, Header: true, Next: next, secret: of.secret, old: string(data[s.Start:end])}
}

// put makes the profile's line stand where the first of its settings stood, else behind the last one of its last section.
func put(all []Place, data []byte, pr *profile, line string) []Place {
	end := awsconfig.Newline(data)
	for i := range all {
		if all[i].Profile != pr.Name {
			continue
		}
		old := all[i].old
		margin := old[:len(old)-len(strings.TrimLeft(old, " \t"))]
		if !strings.HasSuffix(old, "\n") {
			end = "" // of the file
		}
		all[i].New = margin + line + end
		return all
	}
	s := pr.Config[len(pr.Config)-1]
	p := Place{Profile: pr.Name, Start: s.Body, New: line + end}
	if n := len(s.Settings); n > 0 {
		last := s.Settings[n-1]
		text := string(data[last.Start:last.End])
		p.Start, p.After = last.End, last.Key
		p.New = text[:len(text)-len(strings.TrimLeft(text, " \t"))] + line + end
	}
	if p.Start > 0 && data[p.Start-1] != '\n' {
		p.New = end + strings.TrimSuffix(p.New, end)
	}
	return append(all, p)
}

// finish makes After of the places.
func (f *File) finish() {
	slices.SortStableFunc(f.Places, func(a, b Place) int { return a.Start - b.Start })
	var edits []awsconfig.Edit
	for _, p := range f.Places {
		edits = append(edits, awsconfig.Edit{Start: p.Start, End: p.Start + p.Length, Text: p.New})
	}
	f.After = awsconfig.Apply(f.Before, edits...)
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
