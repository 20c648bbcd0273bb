package adopt

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

func secretOf(text string) cred.Secret { return cred.NewSecret(text) }

// regionForm is what the roster takes; others, such as aws-global, stay in the profile alone.
var regionForm = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)

func regionOf(pr *profile) string {
	if r := pr.Get("region"); regionForm.MatchString(r) {
		return r
	}
	return ""
}

// makeOf adds the role or the source of a profile to the plan, after what it is assumed from.
func (p *planner) makeOf(pr *profile) {
	switch {
	case p.isRole(pr):
		p.roleFor(pr)
	case pr.what == sso, pr.what == webIdentity, pr.what == keys && p.moves(pr):
		p.sourceFor(pr, p.serials(pr)[0])
	}
}

// roleFor returns the role's name.
func (p *planner) roleFor(pr *profile) string {
	if name := p.roles[pr.Name]; name != "" {
		return name
	}
	if r := p.known(pr); r != nil {
		p.roles[pr.Name] = r.Name
		return r.Name
	}
	of := p.groups[pr.account]
	customer := p.names.customer(pr.account, of)
	if pr.what == sso {
		name := p.names.role(customer, pr, of)
		p.roles[pr.Name] = joined(customer, name)
		src := p.permissionSet(pr, customer)
		p.add(roster.NewRole{Name: p.roles[pr.Name], Source: src, Region: regionOf(pr), AccountID: pr.account})
		return p.roles[pr.Name]
	}
	from := p.fromOf(pr)
	duration, _ := pr.duration(strings.Contains(from, "/"))
	role := roster.NewRole{
		ARN: pr.Get("role_arn"), ExternalID: secretOf(pr.Get("external_id")), Source: from, Duration: duration,
		SessionName: pr.Get("role_session_name"), Region: regionOf(pr), AccountID: pr.account,
	}
	if same := p.same(role); same != "" {
		p.roles[pr.Name] = same
		return same
	}
	role.Name = joined(customer, p.names.role(customer, pr, of))
	p.roles[pr.Name] = role.Name
	p.add(role)
	return role.Name
}

func joined(customer, role string) string { return customer + "/" + role }

func (p *planner) add(role roster.NewRole) { p.plan.Roles = append(p.plan.Roles, role) }

// same returns the new role that another profile made already, "" if there is none.
func (p *planner) same(role roster.NewRole) string {
	for _, r := range p.plan.Roles {
		other := r
		other.Name, other.ExternalID, other.Region = "", role.ExternalID, role.Region
		if other == role && r.ExternalID.Equal(role.ExternalID) {
			return r.Name
		}
	}
	return ""
}

// fromOf returns what a role is assumed from, which it adds: a source or another role.
func (p *planner) fromOf(pr *profile) string {
	switch pr.Get("credential_source") {
	case "Ec2InstanceMetadata":
		return p.machine("imds")
	case "EcsContainer":
		return p.machine("container")
	}
	src := p.profiles[pr.source]
	switch {
	case src == pr:
		return p.sourceFor(src, pr.serial)
	case src.what == ours:
		name, _ := awsconfig.Asks(src.Get("credential_process"))
		return strings.TrimPrefix(name, "@")
	case src.what == assumed:
		return p.roleFor(src)
	}
	return p.sourceFor(src, cmp.Or(pr.serial, p.serials(src)[0]))
}

// serials are the MFA devices that the roles of a source profile ask for, one "" if none does: roles without one use the
// first, so that a key needs to be in the vault only once.
func (p *planner) serials(src *profile) []string {
	all := map[string]bool{}
	for _, name := range p.users[src.Name] {
		if s := p.profiles[name].serial; s != "" {
			all[s] = true
		}
	}
	if len(all) == 0 {
		return []string{vaulted(src)}
	}
	return slices.Sorted(maps.Keys(all))
}

// vaulted is the device of a source profile whose key another tool keeps: aws-vault asks for its code for each role.
func vaulted(src *profile) string {
	if src.what == nothing {
		return src.serial
	}
	return ""
}

// machine is the source of what this machine is.
func (p *planner) machine(kind string) string {
	at := origin{"\x00" + kind, ""}
	if p.sources[at] == "" {
		p.sources[at] = p.place(roster.Source{Type: kind}, "", nil, kind)
	}
	return p.sources[at]
}

// sourceFor returns the source of a profile.
func (p *planner) sourceFor(pr *profile, serial string) string {
	at := origin{pr.Name, serial}
	if name := p.sources[at]; name != "" {
		return name
	}
	if own := p.readers.own[pr.Name]; len(own) > 0 && serial == "" && !(pr.key && p.moves(pr)) {
		p.sources[at] = own[0].Name
		return own[0].Name
	}
	src := p.sourceOf(pr, "", serial)
	var key *Key
	if src.Type == "keys" && pr.key {
		key = &Key{pr.Get("aws_access_key_id"), secretOf(pr.Get("aws_secret_access_key"))}
		if was := p.readers.heir(pr); was != nil && serial == p.serials(pr)[0] {
			p.sources[at] = was.Name
			p.plan.Sources = append(p.plan.Sources, NewSource{inherited(src, was), pr.Name, key, was})
			return was.Name
		}
	}
	name := cmp.Or(clean(pr.Name), "source")
	names := []string{name}
	if serial != "" {
		names = append(names, name+"-"+cmp.Or(clean(serial[strings.LastIndexAny(serial, "/:")+1:]), "mfa"))
	}
	p.sources[at] = p.place(src, pr.Name, key, names...)
	return p.sources[at]
}

// inherited is a source of type keys in the place of one that reads the key from a profile, with what that says of endpoints.
func inherited(src roster.Source, was *roster.Source) roster.Source {
	src.Name, src.STSRegion = was.Name, was.STSRegion
	src.Region, src.EndpointURL = cmp.Or(was.Region, src.Region), cmp.Or(was.EndpointURL, src.EndpointURL)
	return src
}

// sourceOf is the source that a profile makes, without its name's uniqueness.
func (p *planner) sourceOf(pr *profile, name, serial string) roster.Source {
	src := roster.Source{Name: name, Region: regionOf(pr), EndpointURL: pr.Get("endpoint_url")}
	switch what := pr.what; {
	case what == sso:
		src.Type, src.AccountID, src.RoleName = "sso", pr.account, pr.permission
		if src.SSOSession = pr.session; pr.session == "" || p.o.Elsewhere.any() {
			src.SSOSession, src.StartURL, src.SSORegion = "", pr.startURL, pr.ssoRegion
		}
	case what == webIdentity:
		src.Type, src.TokenFile, src.RoleARN = "web-identity", pr.Get("web_identity_token_file"), pr.Get("role_arn")
	case what == nothing, pr.key && p.moves(pr):
		src.Type, src.MFASerial = "keys", serial
		if serial != "" {
			src.MFA = "prompt"
		}
	case what == login:
		src = roster.Source{Name: name, Type: "login", Profile: pr.Name, EndpointURL: src.EndpointURL}
	default:
		src = roster.Source{Name: name, Type: "profile", Profile: pr.Name} // which says region and endpoint itself
	}
	return src
}

// permissionSet is the source of a role without an ARN, named as `credd customer add --from-sso` does.
func (p *planner) permissionSet(pr *profile, customer string) string {
	login := pr.session
	if u, err := url.Parse(pr.startURL); login == "" && err == nil {
		login, _, _ = strings.Cut(u.Hostname(), ".")
	}
	src := p.sourceOf(pr, "", "")
	return p.place(src, pr.Name, nil, clean(login)+"."+customer+"."+pr.permission, clean(pr.Name))
}

// place adds a source under the first name that it can have, unless the roster has the same one. A key that the vault does not
// have gets a source of its own.
func (p *planner) place(src roster.Source, from string, key *Key, names ...string) string {
	for _, have := range slices.Concat(p.now.Sources(), pointers(p.plan.Sources)) {
		if !identical(*have, src) {
			continue
		}
		if src.Type != "keys" || key == nil && have.Name == names[0] || key != nil && p.o.InVault[have.Name] == key.ID {
			return have.Name
		}
	}
	src.Name = p.names.source(names...)
	p.plan.Sources = append(p.plan.Sources, NewSource{Source: src, From: from, Key: key})
	return src.Name
}

func pointers(all []NewSource) []*roster.Source {
	var out []*roster.Source
	for i := range all {
		out = append(out, &all[i].Source)
	}
	return out
}

// identical compares what makes a source somebody.
func identical(a, b roster.Source) bool {
	id := func(s roster.Source) string {
		return fmt.Sprintf("%q", []string{s.Type, s.Profile, s.MFASerial, s.StartURL, s.SSORegion, s.SSOSession, s.AccountID, s.RoleName, s.TokenFile, s.RoleARN})
	}
	return id(a) == id(b)
}

// ownIDs keeps the external ID of one role from becoming that of all its new customer's roles, if they differ.
func (p *planner) ownIDs() {
	first := map[string]*roster.NewRole{}
	differ := map[string]bool{}
	for i := range p.plan.Roles {
		r := &p.plan.Roles[i]
		customer, _, _ := strings.Cut(r.Name, "/")
		if first[customer] == nil {
			first[customer] = r
		}
		if r.ARN != "" && !r.ExternalID.Equal(first[customer].ExternalID) {
			differ[customer] = true
		}
	}
	for i := range p.plan.Roles {
		customer, _, _ := strings.Cut(p.plan.Roles[i].Name, "/")
		p.plan.Roles[i].OwnID = differ[customer]
	}
}
