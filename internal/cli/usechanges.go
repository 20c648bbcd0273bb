package cli

import (
	"os"
	"strings"

	"credd/internal/agent/roster"
)

// enter is what a shell has to do to be in a role.
func enter(role *roster.Role, profile string, clear []string, env func(string) string) []change {
	var all []change
	for _, name := range clear {
		c := change{name: name, unset: true, hide: true}
		if strings.HasSuffix(name, "_PROFILE") {
			c.value = profile // an empty one is an error to the AWS CLI
		}
		all = append(all, c)
	}
	all = append(all, export("AWS_PROFILE", profile))
	if role.Region != "" {
		all = append(all, export("AWS_REGION", role.Region), export("AWS_DEFAULT_REGION", role.Region), export("CREDD_REGION", role.Region))
	} else {
		all = append(all, leaveRegion(env)...)
	}
	environment := role.Customer.Environment
	all = append(all, export("CREDD_ROLE", role.Name), maybe("CREDD_ENVIRONMENT", printable(environment)), maybe("CREDD_PRODUCTION", productionOf(role.Name, environment)))
	if was := env("CREDD_ROLE"); was != role.Name && canBeUsed(was) {
		all = append(all, export("CREDD_PREVIOUS", was))
	}
	return all
}

// productionOf is what prompts are red by: the role, if it is one of production.
func productionOf(role, environment string) string {
	if isProduction(environment) {
		return role
	}
	return ""
}

func maybe(name, value string) change { return change{name: name, value: value, unset: value == ""} }

// leaveRegion unsets the region that an earlier use has set, unless it was changed since.
func leaveRegion(env func(string) string) []change {
	ours := env("CREDD_REGION")
	if ours == "" {
		return nil
	}
	var all []change
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if env(name) == ours {
			all = append(all, unset(name))
		}
	}
	return append(all, unset("CREDD_REGION"))
}

// leave is what a shell has to do to be in no role.
func (u *use) leave() []change {
	role := os.Getenv("CREDD_ROLE")
	if role == "" {
		u.note("no role is in use")
		return nil
	}
	u.note("left %s", role)
	all := append([]change{unset("AWS_PROFILE")}, leaveRegion(os.Getenv)...)
	all = append(all, unset("CREDD_ROLE"), unset("CREDD_ENVIRONMENT"), unset("CREDD_PRODUCTION"))
	if canBeUsed(role) {
		all = append(all, export("CREDD_PREVIOUS", role))
	}
	return all
}
