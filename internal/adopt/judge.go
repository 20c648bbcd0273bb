package adopt

import (
	"cmp"
	"slices"
	"strings"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

const (
	circle = "source_profile goes in a circle: "

	mostLinks = 50 // of source_profile in a row; each is a call to AWS
	endless   = "source_profile leads through more than 50 profiles"
)

// obstacle says why a profile cannot become a role or a source, "" if it can. Trail are the profiles that need it.
func (p *planner) obstacle(pr *profile, trail []string) string {
	if slices.Contains(trail, pr.Name) {
		return circle + strings.Join(append(trail, pr.Name), ", ")
	}
	if len(trail) >= mostLinks {
		return endless
	}
	switch pr.what {
	case odd:
		return pr.reason
	case assumed:
		if pr.holds && pr.source != pr.Name {
			return "it has keys of its own, which would go before credd"
		}
		if why := p.check(pr); why != "" {
			return why
		}
		return p.sourceObstacle(pr, append(trail, pr.Name))
	case sso, webIdentity:
		if pr.holds {
			return "it has keys of its own, which would go before credd"
		}
		return p.check(pr)
	}
	return ""
}

// check is tried, once for each profile: those that others are assumed from are judged again for each.
func (p *planner) check(pr *profile) string {
	why, known := p.checks[pr.Name]
	if !known {
		why = p.tried(pr)
		p.checks[pr.Name] = why
	}
	return why
}

// tried tries the role or the source that a profile would be, with names that are good.
func (p *planner) tried(pr *profile) string {
	var err error
	switch pr.what {
	case assumed:
		text, why := pr.duration(false)
		if why != "" {
			return why
		}
		role := roster.NewRole{Name: "x/x", ARN: pr.Get("role_arn"), ExternalID: secretOf(pr.Get("external_id")), Source: "x", Duration: text, SessionName: pr.Get("role_session_name")}
		err = role.Check()
	case sso, webIdentity:
		src := p.sourceOf(pr, "x", "")
		err = src.Check()
	}
	if err == nil && pr.serial != "" {
		err = (&roster.Source{Name: "x", Type: "keys", MFASerial: pr.serial}).Check()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// sourceObstacle says why a role cannot be assumed from what its profile names.
func (p *planner) sourceObstacle(pr *profile, trail []string) string {
	if pr.source == "" {
		if pr.serial != "" {
			return "a code cannot be given with credential_source"
		}
		return ""
	}
	src := p.profiles[pr.source]
	if src == nil {
		return "its source_profile " + pr.source + " does not exist"
	}
	from := src.what
	if src == pr {
		if from = keys; !pr.key {
			return "it is its own source_profile and has no keys"
		}
		if !p.moves(src) {
			return "its keys go before credd: --keys moves them into the vault"
		}
	}
	if from != ours && from != assumed && from != odd {
		made := p.sourceOf(src, "x", cmp.Or(pr.serial, vaulted(src)))
		if err := made.Check(); err != nil {
			return "as a source " + src.Name + " would not do: " + err.Error()
		}
	}
	return p.fromObstacle(pr, src, from, trail)
}

// fromObstacle is sourceObstacle by the kind of what the role is assumed from.
func (p *planner) fromObstacle(pr, src *profile, from what, trail []string) string {
	switch {
	case from == ours:
		return p.asked(src, pr.serial)
	case pr.serial != "" && from != keys && from != nothing:
		return "its MFA code needs a source with an access key, which " + pr.source + " is not"
	case pr.serial != "" && from == keys && !p.moves(src):
		return "it asks for an MFA code, which needs the key of " + pr.source + " in the vault: --keys"
	case p.o.Elsewhere.any() && (from == process || from == temporary || from == login || from == keys && !p.moves(src)):
		return "the daemon reads source profiles in ~/.aws only, and these files are elsewhere"
	case from == assumed, from == sso, from == webIdentity, from == odd:
		why := p.obstacle(src, trail)
		if why != "" && !strings.HasPrefix(why, circle) && why != endless {
			why = "its source_profile " + pr.source + " is left: " + why
		}
		return why
	}
	return ""
}

// asked checks the role or source of a profile that gets its credentials from credhelper already.
func (p *planner) asked(src *profile, serial string) string {
	name, ok := awsconfig.Asks(src.Get("credential_process"))
	own, isSource := strings.CutPrefix(name, "@")
	have, there := p.now.Source(own)
	if _, err := p.now.Role(name); !ok || isSource && !there || !isSource && err != nil {
		return "its source_profile " + src.Name + " asks credd for what the roster does not have"
	}
	if serial != "" && (!isSource || have.MFASerial != serial) {
		return "its MFA code needs a source with mfa_serial = " + serial + ", which that of " + src.Name + " is not"
	}
	return ""
}
