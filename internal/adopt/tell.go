package adopt

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"credd/internal/awsconfig"
)

// tell fills in what people are told: the verdicts, warnings, and what is left to do.
func (p *planner) tell() {
	for _, pr := range p.all {
		if p.needed[pr.Name] || p.chosen(pr.Name) {
			p.plan.Verdicts = append(p.plan.Verdicts, p.verdict(pr))
		}
		if pr.key && p.asks(pr) == "" {
			if pr.what == keys && p.chosen(pr.Name) && p.readers.bound(pr) == "" {
				p.plan.Movable = append(p.plan.Movable, pr.Name)
			}
			p.plan.LeftKeys = append(p.plan.LeftKeys, leftKey(p.files, pr))
		}
		if pr.Get("mfa_process") != "" && p.needed[pr.Name] {
			p.warn("profile %s: mfa_process is not taken over: a source has mfa_command for that, see docs/configuration.md", pr.Name)
		}
		if pr.Get("ca_bundle") != "" && p.needed[pr.Name] && p.now.Settings.Network.CABundle == "" {
			p.warn("profile %s: its ca_bundle is for the programs that use it; credd's own calls need one in [network], see docs/configuration.md", pr.Name)
		}
	}
	starts := map[string]bool{}
	for _, s := range p.plan.Sources {
		login := s.StartURL + s.SSOSession
		if s.Type == "sso" && !starts[login] {
			starts[login] = true
			p.plan.Logins = append(p.plan.Logins, s.Name)
		}
		if s.Type == "keys" && s.Key == nil {
			p.plan.Keyless = append(p.plan.Keyless, s)
		}
	}
	p.warnOfMFA()
	p.warnOfKeys()
}

func (p *planner) warn(format string, args ...any) {
	p.plan.Warnings = append(p.plan.Warnings, fmt.Sprintf(format, args...))
}

// KeysIn returns the long-term access keys that files hold, by the names of their profiles.
func KeysIn(files *awsconfig.Files) (all []LeftKey) {
	named := files.Profiles()
	for _, name := range files.Names() {
		if pr := read(named[name], files.Config); pr.key {
			all = append(all, leftKey(files, pr))
		}
	}
	return all
}

// leftKey is the key of a profile, with the file that holds it.
func leftKey(files *awsconfig.Files, pr *profile) LeftKey {
	k := LeftKey{Key{pr.Get("aws_access_key_id"), secretOf(pr.Get("aws_secret_access_key"))}, pr.Name, files.Place.Config, regionOf(pr), pr.Get("endpoint_url")}
	for _, s := range pr.Credentials {
		if s.Has("aws_secret_access_key") {
			k.File = files.Place.Credentials
		}
	}
	return k
}

func (p *planner) verdict(pr *profile) Verdict {
	v := Verdict{Profile: pr.Name, Asks: p.asks(pr)}
	why := p.left[pr.Name]
	switch {
	case why != "":
		v.Reason = why
	case p.needed[pr.Name] && p.isRole(pr):
		v.Kind, v.Name = Role, p.roles[pr.Name]
	case p.needed[pr.Name] && p.sourceNameOf(pr) != "":
		v.Kind, v.Name = Source, p.sourceNameOf(pr)
	default:
		v.Reason = p.whyLeft(pr)
	}
	switch {
	case v.Kind == Left && why != "":
	case p.readers.bound(pr) != "" && pr.what != ours:
		v.Reason = "its lines stay: source " + p.readers.bound(pr) + " of credd reads them"
	case v.Kind != Left && v.Asks == "":
		v.Reason = p.whyItsLinesStay(pr)
	case v.Kind == Source && p.readers.heir(pr) != nil && !p.asksForCode(v.Name):
		v.Reason = "which has the key then, and does not read the profile any more"
	case v.Kind == Source && pr.serial == "" && p.asksForCode(v.Name):
		v.Reason = "which asks for an MFA code once in 12 hours, for all its roles"
	case v.Kind == Role && p.known(pr) != nil:
		v.Reason = "which credd has, from " + p.known(pr).Source
	}
	return v
}

// asksForCode says whether a new source has an MFA device.
func (p *planner) asksForCode(source string) bool {
	return slices.ContainsFunc(p.plan.Sources, func(s NewSource) bool { return s.Name == source && s.MFASerial != "" })
}

// sourceNameOf is the first source that was made of a profile.
func (p *planner) sourceNameOf(pr *profile) string {
	for _, serial := range append(p.serials(pr), "") {
		if name := p.sources[origin{pr.Name, serial}]; name != "" {
			return name
		}
	}
	return ""
}

func (p *planner) whyLeft(pr *profile) string {
	switch pr.what {
	case ours:
		return "already credd"
	case odd:
		return pr.reason
	case keys:
		return "its key stays in the file; --keys moves it into the vault"
	case temporary:
		return "its keys are a session's, which ends"
	case login:
		return "it logs in by aws login"
	case process:
		return "it has a credential_process of its own"
	}
	return "it has no credentials"
}

func (p *planner) whyItsLinesStay(pr *profile) string {
	if !p.chosen(pr.Name) {
		return "its lines stay, as was asked"
	}
	switch pr.what {
	case nothing:
		return "its key is not in the files"
	case keys:
		return "its key stays in the file; --keys moves it into the vault"
	}
	return "its lines stay: the source reads them"
}

// warnOfMFA names what an MFA session cannot do, and keys that are in the vault twice.
func (p *planner) warnOfMFA() {
	serial := map[string]bool{}
	from := map[string][]string{}
	for _, s := range p.plan.Sources {
		serial[s.Name] = s.MFASerial != ""
		if s.Key != nil {
			from[s.From] = append(from[s.From], s.Name)
		}
	}
	for _, r := range p.plan.Roles {
		if d, err := time.ParseDuration(r.Duration); err == nil && d > time.Hour && serial[r.Source] {
			p.warn("%s asks for %s: from the session of an MFA code AWS gives 1h", r.Name, r.Duration)
		}
	}
	for _, pr := range p.all {
		if all := from[pr.Name]; len(all) > 1 {
			p.warn("the key of profile %s is for two MFA devices: sources %s hold it twice, and to rotate one leaves the other with a key that is gone", pr.Name, all)
		}
	}
}

// warnOfKeys names secrets that stay in a file that the import edits, such as in a comment.
func (p *planner) warnOfKeys() {
	var seen []string
	for _, s := range p.plan.Keys() {
		files := map[string][]byte{p.files.Place.Config: p.files.ConfigData, p.files.Place.Credentials: p.files.CredentialsData}
		for _, f := range p.plan.Files {
			files[f.Path] = f.After
		}
		for path, data := range files {
			at := bytes.Index(data, []byte(s.Key.Secret.Reveal()))
			if at < 0 || slices.Contains(seen, path+s.From) || !p.chosen(s.From) {
				continue
			}
			seen = append(seen, path+s.From)
			p.warn("the secret of profile %s is in %s once more, such as in a comment: look there at line %d", s.From, path, 1+bytes.Count(data[:at], []byte("\n")))
		}
	}
}
