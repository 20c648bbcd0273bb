package cli

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/invite"
	"credd/internal/doctor"
)

// ofCustomer takes over what is known of the customer, or makes a new one.
func (s *Streams) ofCustomer(now *roster.Roster, where locations, v *invited, a *invitation) error {
	t := v.terms
	v.role.Name = t.Customer + "/" + t.Role
	c, err := now.FindCustomer(t.Customer)
	if v.anew = errors.Is(err, roster.ErrUnknownCustomer); v.anew {
		return s.ofNewCustomer(now, where, v, a)
	}
	if err != nil {
		return err
	}
	if !c.IsOwn() {
		return missing("customer "+c.Key+" is in an included directory, which credd does not change: "+c.File, "invite it under another name, or ask whoever keeps that directory")
	}
	if _, err := now.Role(v.role.Name); !errors.Is(err, roster.ErrUnknownRole) {
		return missing(v.role.Name+" exists already", "its invitation once more: credd customer invite "+t.Customer+" --role "+t.Role+" --again; another role of "+t.Customer+": --role NAME")
	}
	if a.name != "" && a.name != c.Name || a.environment != "" && a.environment != c.Environment {
		return missing("customer "+c.Key+" exists, with a name and an environment of its own", "leave --name and --environment out, or change them in "+c.File)
	}
	if a.account != "" && c.AccountID != "" && a.account != c.AccountID {
		return missing("customer "+c.Key+" has account "+c.AccountID+", not "+a.account, "another account is another customer: credd customer invite "+c.Key+"-2 --account "+a.account)
	}
	if t.AccountID = a.account; t.AccountID == "" {
		t.AccountID = c.AccountID
	}
	t.CustomerName, v.id = c.Name, idOf(now, c)
	return needAccount(t)
}

func needAccount(t *invite.Terms) error {
	if t.AccountID != "" && !regexp.MustCompile(`^[0-9]{12}$`).MatchString(t.AccountID) {
		return missing("--account "+quoted(t.AccountID)+" is no account ID: that has 12 digits", "such as 012345678901, without - or blanks")
	}
	if !regexp.MustCompile(`^[0-9]{12}$`).MatchString(t.AccountID) {
		return missing("--account is needed: the customer's account ID, 12 digits", "the customer reads it at the top right of the AWS console, or by: aws sts get-caller-identity")
	}
	return nil
}

func (s *Streams) ofNewCustomer(now *roster.Roster, where locations, v *invited, a *invitation) error {
	s.warnOfRetired(where, v.terms.Customer)
	for _, c := range now.Customers() {
		if c.AccountID != "" && c.AccountID == a.account {
			s.warn("customer "+c.Key+" has account "+a.account+" too", "to give that one another role: credd customer invite "+c.Key)
		}
	}
	v.terms.AccountID, v.id = a.account, customer.NewExternalID()
	if v.terms.CustomerName = oneLine(a.name); v.terms.CustomerName != a.name {
		s.warn("--name has characters that cannot be shown: the name is "+v.terms.CustomerName, "")
	}
	v.role.CustomerName, v.role.Environment = v.terms.CustomerName, a.environment
	if v.terms.CustomerName == "" {
		v.terms.CustomerName = v.terms.Customer
	}
	return needAccount(v.terms)
}

// warnOfRetired tells of one of that name who left: what they deployed has another external ID.
func (s *Streams) warnOfRetired(where locations, key string) {
	if all, err := where.places().Archives(key); err == nil && len(all) > 0 {
		s.warn("a customer "+key+" was retired on "+customer.Day(all[0].Retired)+"; this one gets another external ID", "to go on with the one of before: credd customer retire "+key+" --undo")
	}
}

// oneLine is a name in one line without what cannot be shown.
func oneLine(name string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		}
		return -1
	}, name))
}

// idOf is the external ID that the customer knows: that of the customer, or the one that all its roles have.
func idOf(now *roster.Roster, c *roster.Customer) cred.Secret {
	if id := c.ExternalID(); !id.IsZero() {
		return id
	}
	var ids []string
	for _, r := range now.Roles() {
		if r.Customer == c && !r.ExternalID.IsZero() && !slices.Contains(ids, r.ExternalID.Reveal()) {
			ids = append(ids, r.ExternalID.Reveal())
		}
	}
	if len(ids) == 1 {
		return cred.NewSecret(ids[0])
	}
	return customer.NewExternalID()
}

// ofUs takes over who we are: the name, and the account if it is set. Else it is that of who assumes the role.
func (a *invitation) ofUs(now *roster.Roster, where locations, v *invited) error {
	t, file := v.terms, doctor.Quote(filepath.Join(where.config, "credd.toml"))
	t.Service, t.ServiceAccount = now.Settings.Service.Name, now.Settings.Service.AccountID
	switch named := now.IsNamed(); {
	case named && a.service != "" && a.service != t.Service:
		return missing("--service-name "+quoted(a.service)+": credd.toml calls us "+t.Service, "leave it out, or change [service] name in "+file)
	case named:
		return nil
	case a.service == "":
		return missing("credd.toml does not say what we are called", "say once how your customers know you, such as --service-name northwind; it is kept in "+file)
	case !roster.CanBeService(a.service):
		return missing("--service-name "+quoted(a.service)+" cannot be part of a session's name", "use 2 to 64 letters, digits and _ + = , . @ -")
	}
	t.Service, v.named = a.service, true
	return nil
}
