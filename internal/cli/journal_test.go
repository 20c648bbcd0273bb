package cli

import (
	"bytes"
	"log/slog"
	"os"
	"testing"
)

func TestJournalLines(t *testing.T) {
	var out bytes.Buffer
	level := new(slog.LevelVar)
	log := slog.New(newJournal(&out, level))
	log.Debug("not wanted")
	log.Info("serving", "level", 3, "text", "two\nlines")
	level.Set(slog.LevelDebug)
	log.With("role", "acme/admin").Debug("asked")
	log.WithGroup("g").Warn("late", "time", 1)
	log.Error("broken")
	log.Log(t.Context(), slog.LevelError+4, "worse")
	want := `<6>msg=serving level=3 text="two\nlines"
<7>msg=asked role=acme/admin
<4>msg=late g.time=1
<3>msg=broken
<3>msg=worse
`
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyTheJournalIsTakenForIt(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	t.Setenv("JOURNAL_STREAM", "8:4026531840")
	if isJournal(w) || isJournal(&bytes.Buffer{}) {
		t.Error("a pipe of another's is taken for the journal")
	}
}
