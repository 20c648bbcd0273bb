package invite

import (
	"fmt"
	"time"

	"credd/internal/agent/cred"
)

// pageFacts are what the page tells, as plain values.
type pageFacts struct {
	Terms       *Terms
	ID          string // the external ID
	RoleARN     string
	Trust       string // JSON
	QuickCreate string // "" for none
	Ways        []pageWay
	FinishSetup []Command
	End         []Command
	Revoke      []Command
}

// pageWay is one way to create the role.
type pageWay struct {
	ID    markup // on the page
	Name  markup
	Suits markup // whom
	Steps []pageStep
}

// pageStep is a step of it: a sentence, in which {} stands for Texts, and what it is about.
type pageStep struct {
	Say     markup
	Texts   []string
	Files   []File // to save or copy
	Command string

	ExternalID bool // the external ID itself, to copy
}

// facts fills them from the terms.
func (t *Terms) facts(id cred.Secret) *pageFacts {
	return &pageFacts{
		Terms: t, ID: id.Reveal(), RoleARN: t.RoleARN(), Trust: t.Trust(id), QuickCreate: t.QuickCreate(id), Ways: t.ways(t.files(id), t.Deploy()),
		FinishSetup: t.FinishSetup(), End: t.End(), Revoke: t.RevokeSessions(),
	}
}

// customer is what the customer is called.
func (f *pageFacts) customer() string {
	if f.Terms.CustomerName != "" {
		return f.Terms.CustomerName
	}
	return f.Terms.Customer
}

// hours is a duration in words.
func hours(d time.Duration) string {
	switch h, m := int(d.Hours()), int(d.Minutes())%60; {
	case h == 1 && m == 0:
		return "1 hour"
	case m == 0:
		return fmt.Sprintf("%d hours", h)
	default:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
}

// day is a date that no country reads in another way.
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// moment is to the minute.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
