// Package terminal asks the person at the controlling terminal. It uses system calls only: credhelper links it.
package terminal

import "errors"

var (
	// ErrNone is returned where there is no terminal, or where this process is in its background: reading would stop it.
	ErrNone = errors.New("no terminal to ask at")

	// ErrDeclined is returned for an interrupt or an end of file instead of an answer.
	ErrDeclined = errors.New("declined")

	// ErrOver is returned when the deadline passes, or when something came from elsewhere.
	ErrOver = errors.New("the question is over")
)

// maxAnswer bounds what is read, in bytes.
const maxAnswer = 1024
