package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/awsconfig"
	"credd/internal/customer/invite"
	"credd/internal/paths"
)

// offer is what a word can become.
type offer struct {
	kind kind
	list func(lookup) []choice // nil: nothing is known
}

type kind int

const (
	whole   kind = iota // a choice ends the word
	partly              // there is more to type after it
	ordered             // the order says something
	files               // or a file
)

// choice is one word with what tells it from others.
type choice struct{ word, about string }

// lookup is what can be known when a word is completed.
type lookup struct {
	cmd   *cobra.Command
	args  []string
	names func() api.Names // those that the word can become; asked for when needed, and once
}

// offers says what placeholders of use lines and what flags take. Those of one command stand with its name. A flag that is not
// here takes a text that cannot be guessed.
var offers map[string]offer

func init() { // a map that is set here may hold functions that look into it
	everyRole := offer{list: either(roles, own)}
	offers = map[string]offer{
		"ROLE": {list: roles}, "CUSTOMER": {list: customers}, "SOURCE": {list: sources("")}, "@SOURCE": {list: own},
		"CUSTOMER/ROLE": {partly, newRole}, "COMMAND": {list: commands},
		"ACCOUNT": {}, "ARGUMENT": {}, "KEY": {}, "NAME": {}, "PROFILE": {},
		"FILE": {kind: files}, "DIR": {kind: files},

		"source add SOURCE":    {}, // a new name
		"source rotate SOURCE": {list: sources("keys")},
		"exec ROLE":            everyRole,
		"exec COMMAND":         {kind: files},
		"env ROLE":             everyRole,
		"report --role":        everyRole,
		"report --by":          words("role", "customer"),
		"report --days":        {ordered, words("7", "30", "90").list},
		"console ROLE":         {list: roles},

		"--source": {list: either(sources(""), roles)}, "--from-sso": {list: sources("sso")},
		"--role": {list: either(customers, roles)}, "customer add --role": {}, // a permission set
		"customer invite --role": {list: rolesOf}, "customer finish-setup --role": {list: rolesOf}, "customer verify --role": {list: rolesOf},
		"--permissions": {ordered, presets}, "--setup": {files, presets}, "--policy": {kind: files}, "--out": {kind: files}, "--output": {kind: files},
		"--max-session": {ordered, words("1h", "2h", "4h", "8h", "12h").list},
		"init --role":   {partly, newRole}, "init --source": {}, "init --type": words("sso", "keys", "profile"), "--vault-key": words("passphrase", "file"),
		"--customer": {list: customers}, "--default-source": {list: sources("")},
		"--type": words(sourceTypes...), "--mfa": words("prompt", "totp", "command"), "--outcome": words(outcomes...),
		"env --format": words("bash", "fish", "powershell", "dotenv", "json", "github"), "--format": words(),
		"--profile": {list: awsProfiles}, "--from-profile": {list: awsProfiles}, "--only": {list: awsProfiles}, "--except": {list: awsProfiles},
		"--duration":    {ordered, words("15m", "30m", "1h", "2h", "4h", "8h", "12h").list},
		"--environment": {list: environments},
		"--allow-user":  {list: accountsIn("/etc/passwd")}, "--allow-group": {list: accountsIn("/etc/group")},
		"--destination": words("s3", "ec2", "iam", "lambda", "cloudwatch", "cloudformation", "rds", "ecs", "eks", "dynamodb"),
		"--program":     {kind: files}, "--profile-dir": {kind: files},
		"--dir": {kind: files}, "--file": {kind: files}, "--token-file": {kind: files}, "--ca-bundle": {kind: files},
	}
}

// sourceTypes are those that credd.toml takes.
var sourceTypes = []string{"profile", "keys", "sso", "login", "web-identity", "imds", "container", "process"}

// words are always the same.
func words(all ...string) offer {
	var out []choice
	for _, w := range all {
		out = append(out, choice{w, ""})
	}
	return offer{list: func(lookup) []choice { return out }}
}

func either(lists ...func(lookup) []choice) func(lookup) []choice {
	return func(l lookup) (out []choice) {
		for _, list := range lists {
			out = append(out, list(l)...)
		}
		return out
	}
}

func roles(l lookup) []choice     { return labelled(l.names().Roles) }
func customers(l lookup) []choice { return labelled(l.names().Customers) }

func labelled(all []api.Label) (out []choice) {
	for _, l := range all {
		name, about := l.Parts()
		out = append(out, choice{name, about})
	}
	return out
}

// rolesOf are those of the customer that stands on the line, without its name.
func rolesOf(l lookup) (out []choice) {
	for _, c := range roles(l) {
		if customer, role, _ := strings.Cut(c.word, "/"); len(l.args) > 0 && customer == l.args[0] {
			out = append(out, choice{role, c.about})
		}
	}
	return out
}

// presets are the ready-made permissions of an invitation.
func presets(lookup) (out []choice) {
	for _, p := range invite.Presets() {
		out = append(out, choice{p.Name, p.Does})
	}
	return out
}

// newRole begins the name of a role that is to be added.
func newRole(l lookup) (out []choice) {
	for _, c := range customers(l) {
		out = append(out, choice{c.word + "/", c.about})
	}
	return out
}

// sources are those of a type, or all.
func sources(kind string) func(lookup) []choice {
	return func(l lookup) (out []choice) {
		for _, s := range l.names().Sources {
			if kind == "" || s.Type == kind {
				out = append(out, choice{s.Name, "source of type " + s.Type})
			}
		}
		return out
	}
}

// own are the names for the sources' own sessions.
func own(l lookup) (out []choice) {
	for _, s := range sources("")(l) {
		out = append(out, choice{"@" + s.word, s.about})
	}
	return out
}

// environments are those of other customers.
func environments(l lookup) (out []choice) {
	for _, e := range l.names().Environments {
		out = append(out, choice{e, ""})
	}
	return out
}

// awsProfiles are those of ~/.aws.
func awsProfiles(lookup) (out []choice) {
	dir, err := paths.AWS()
	if err != nil {
		return nil
	}
	files, err := awsconfig.Read(awsconfig.InEnvironment(dir))
	if err != nil {
		return nil
	}
	for _, name := range files.Names() {
		out = append(out, choice{name, ""})
	}
	return out
}

// accounts are the names of this machine's users or groups. A directory service may have more.
func accountsIn(file string) func(lookup) []choice {
	return func(lookup) (out []choice) {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil
		}
		for line := range strings.Lines(string(text)) {
			if name, _, ok := strings.Cut(line, ":"); ok && name != "" && name[0] != '#' {
				out = append(out, choice{name, ""})
			}
		}
		return out
	}
}

// commands are those below the ones that were named.
func commands(l lookup) (out []choice) {
	of, rest, err := l.cmd.Root().Find(l.args)
	if err != nil || len(rest) > 0 {
		return nil
	}
	for _, c := range of.Commands() {
		if c.IsAvailableCommand() {
			out = append(out, choice{c.Name(), c.Short})
		}
	}
	return out
}
