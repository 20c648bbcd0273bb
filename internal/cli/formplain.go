package cli

import (
	"errors"
	"strconv"
	"strings"

	"credd/internal/ipc"
)

// lines asks without moving the cursor.
func (f *form) lines(blanks []*blank) error {
	for _, b := range blanks {
		f.about(b.about)
		for i, text := range texts(b.choices) {
			f.note("  %d  %s", i+1, text)
		}
		if err := f.line(b); err != nil {
			return err
		}
	}
	return nil
}

func (f *form) about(text string) {
	if text != "" {
		f.note("%s", text)
	}
}

// line asks until the answer can be one. An empty one stands for what the value is already.
func (f *form) line(b *blank) error {
	question := b.title
	if *b.value != "" && !b.secret && len(b.choices) == 0 {
		question += " [" + *b.value + "]"
	}
	for {
		text, err := promptElse(question, b.secret, &userError{ipc.Usage, "there is no terminal to ask at", "see: credd init --help"})
		if errors.Is(err, errUnchanged) {
			return errStopped
		} else if err != nil {
			return err
		}
		if text = strings.TrimSpace(text); text == "" {
			text = *b.value
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(b.choices) {
			*b.value = b.choices[n-1].value
			return nil
		}
		if len(b.choices) > 0 {
			f.note("that is not one of the numbers; ^D ends it")
			continue
		}
		if err := b.valid(text); err != nil {
			f.note("%s", err)
			continue
		}
		*b.value = text
		return nil
	}
}
