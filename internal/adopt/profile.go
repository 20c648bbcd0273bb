package adopt

import (
	"strconv"
	"strings"
	"time"

	"credd/internal/awsconfig"
)

// what a profile gets its credentials by, in the order in which the AWS CLI decides.
type what int

const (
	nothing what = iota
	ours         // it asks credhelper
	assumed      // role_arn with source_profile or credential_source
	webIdentity
	sso
	keys
	temporary // keys with a session token
	login     // aws login
	process   // another credential_process
	odd       // with a reason of its own to be left
)

// profile is a profile as read.
type profile struct {
	*awsconfig.Named
	what   what
	reason string // of odd

	source  string // source_profile
	serial  string // mfa_serial
	account string // of the role or the permission set

	// Of IAM Identity Center.
	session, startURL, ssoRegion, permission string

	key   bool // it holds a long-term key, whatever it gets its credentials by
	holds bool // it holds a key of any kind
}

// read says what a profile is.
func read(n *awsconfig.Named, config []awsconfig.Section) *profile {
	p := &profile{Named: n, source: n.Get("source_profile"), serial: n.Get("mfa_serial")}
	id, secret, token := n.Get("aws_access_key_id"), n.Get("aws_secret_access_key"), n.Get("aws_session_token")+n.Get("aws_security_token")
	p.key = id != "" && secret != "" && token == "" && !strings.HasPrefix(id, "ASIA")
	p.holds = id != "" || secret != ""
	for _, vault := range []string{"include_profile", "session_tags", "transitive_session_tags", "source_identity"} {
		if n.Get(vault) != "" {
			return p.is(odd, vault+" of aws-vault is not taken over")
		}
	}
	arn, command := n.Get("role_arn"), n.Get("credential_process")
	switch {
	case strings.Contains(command, "granted") && n.Get("granted_sso_account_id") != "":
		return p.identityCenter("granted_", config)
	case arn != "" && n.Get("web_identity_token_file") != "":
		return p.is(webIdentity, "")
	case arn != "":
		return p.role(arn)
	case n.Get("sso_session") != "" || n.Get("sso_start_url") != "":
		return p.identityCenter("", config)
	case n.Get("sso_account_id") != "" || n.Get("sso_role_name") != "":
		return p.is(odd, "sso_account_id without sso_session or sso_start_url")
	case id != "" && secret != "" && !p.key:
		return p.is(temporary, "")
	case p.key:
		return p.is(keys, "")
	case id != "" || secret != "":
		return p.is(odd, "half of an access key")
	case n.Get("login_session") != "":
		return p.is(login, "")
	case command == "":
		return p.is(nothing, "")
	case awsconfig.CallsUs(command):
		return p.is(ours, "")
	}
	return p.is(process, "")
}

func (p *profile) is(w what, reason string) *profile {
	p.what, p.reason = w, reason
	return p
}

func (p *profile) role(arn string) *profile {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && parts[2] == "iam" {
		p.account = parts[4]
	}
	from := p.Get("credential_source")
	switch {
	case p.account == "":
		return p.is(odd, "role_arn is not the ARN of a role")
	case p.source != "" && from != "":
		return p.is(odd, "source_profile and credential_source exclude each other")
	case p.source == "" && from == "":
		return p.is(odd, "role_arn without source_profile")
	case from == "Environment":
		return p.is(odd, "its credentials come from the environment, which credd does not read")
	case from != "" && from != "Ec2InstanceMetadata" && from != "EcsContainer":
		return p.is(odd, "unknown credential_source")
	}
	return p.is(assumed, "")
}

// identityCenter reads the settings of a prefix: the AWS CLI's own, or those of granted.
func (p *profile) identityCenter(prefix string, config []awsconfig.Section) *profile {
	p.startURL, p.ssoRegion = p.Get(prefix+"sso_start_url"), p.Get(prefix+"sso_region")
	p.account, p.permission = p.Get(prefix+"sso_account_id"), p.Get(prefix+"sso_role_name")
	if name := p.Get("sso_session"); name != "" && prefix == "" {
		values := awsconfig.SSOSessionOf(config, name)
		if values == nil {
			return p.is(odd, "there is no [sso-session "+name+"]")
		}
		p.session, p.startURL, p.ssoRegion = name, values["sso_start_url"], values["sso_region"]
	}
	switch {
	case p.startURL == "" || p.ssoRegion == "":
		return p.is(odd, "sso_start_url or sso_region is missing")
	case p.account == "" || p.permission == "":
		return p.is(odd, "it names no account and permission set: it is a login only")
	}
	return p.is(sso, "")
}

// roleName is the last part of a role's path, or a permission set.
func (p *profile) roleName() string {
	if p.permission != "" {
		return p.permission
	}
	arn := p.Get("role_arn")
	return arn[strings.LastIndexByte(arn, '/')+1:]
}

// duration is duration_seconds as the roster writes it; at most an hour where the source is temporary itself.
func (p *profile) duration(chained bool) (text, reason string) {
	seconds := p.Get("duration_seconds")
	if seconds == "" {
		return "", ""
	}
	n, err := strconv.Atoi(seconds)
	d := time.Duration(n) * time.Second
	if err != nil || d < 15*time.Minute || d > 12*time.Hour { // STS AssumeRole
		return "", "duration_seconds is not 900 to 43200"
	}
	if chained {
		d = min(d, time.Hour)
	}
	text = d.String()
	if cut, ok := strings.CutSuffix(text, "m0s"); ok {
		text = cut + "m"
	}
	if cut, ok := strings.CutSuffix(text, "h0m"); ok {
		text = cut + "h"
	}
	return text, ""
}
