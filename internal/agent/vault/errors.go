package vault

import "context"

// Kind sorts errors by what the user can do.
type Kind int

const (
	Broken      Kind = iota // mend or move a file, or the settings
	Locked                  // unlock the keyring, or tell the passphrase
	Unavailable             // the keyring does not answer
	Absent                  // there is no keyring: change the settings
)

// Error is why the vault gives nothing, safe to show.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	Ask     Asker // a question whose answer opens the vault, or nil
	Err     error // may be nil
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Asker has a question for a person.
type Asker interface {
	// Begin is told when another person is asked: what one said before is forgotten.
	Begin()

	// Question is what to ask now; a hidden answer is not shown while it is typed.
	Question() (text string, hidden bool)

	// Answer takes the answer. Unless that was all, Question has the next one, and if the answer was wrong, wrong says why.
	Answer(ctx context.Context, text string) (done bool, wrong string, err error)
}

func broken(err error, message, hint string) *Error {
	return &Error{Kind: Broken, Message: message, Hint: hint, Err: err}
}
