package customer

import "time"

// Load reads the record of a customer. There being none is no error.
func Load(stateDir, key string) (Record, error) { panic("TODO: issue 5") }

// Save writes it whole.
func (r Record) Save(stateDir, key string) error { panic("TODO: issue 5") }

// Standing is how a role stands, in a word or two for a list and a sentence for its page.
type Standing struct {
	Word     string    `json:"word"` // verified, unverified, invited, changed (since it was verified), denied, open, …
	Good     bool      `json:"good"`
	At       time.Time `json:"at,omitzero"`
	Sentence string    `json:"sentence"`
	Hint     string    `json:"hint,omitempty"`
}

// Stand says how a role stands. settings is Settings of the role as it is configured now; invited is zero if it was not.
func (r Record) Stand(role, settings string, invited time.Time) Standing { panic("TODO: issue 5") }
