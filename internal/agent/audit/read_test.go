package audit

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"credd/internal/ipc/peer"
)

func TestFilter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, maxSize)
	noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for i, e := range []Entry{
		{Role: "acme/admin", Outcome: "ok", AccessKeyID: "ASIAONE"},
		{Role: "acme/readonly", Outcome: "denied"},
		{Role: "acme-2/admin", Outcome: "ok", AccessKeyID: "ASIAONETWO"},
		{Role: "acme/admin/x", Outcome: "login", Error: "ASIAONE"},
		{Outcome: "refused"},
	} {
		e.PID, e.Time = i, noon.Add(time.Duration(i)*time.Hour)
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		filter Filter
		want   []int
	}{
		"all":                {Filter{}, []int{0, 1, 2, 3, 4}},
		"role":               {Filter{Role: "acme/admin"}, []int{0}},
		"role with a slash":  {Filter{Role: "acme/admin/x"}, []int{3}},
		"customer":           {Filter{Role: "acme"}, []int{0, 1, 3}},
		"part of a customer": {Filter{Role: "acm"}, nil},
		"outcome":            {Filter{Outcome: "ok"}, []int{0, 2}},
		"access key":         {Filter{AccessKey: "ASIAONE"}, []int{0}},
		"another case":       {Filter{AccessKey: "asiaone"}, nil},
		"hostile key":        {Filter{AccessKey: "\"}\n"}, nil},
		"since":              {Filter{Since: noon.Add(3 * time.Hour)}, []int{3, 4}},
		"until":              {Filter{Until: noon.Add(time.Hour)}, []int{0}},
		"between":            {Filter{Since: noon.Add(time.Hour), Until: noon.Add(3 * time.Hour)}, []int{1, 2}},
		"customer, outcome":  {Filter{Role: "acme", Outcome: "denied"}, []int{1}},
	} {
		var got []int
		skipped, err := Read(path, test.filter, func(e Entry) error { got = append(got, e.PID); return nil })
		if err != nil || skipped != 0 || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %d skipped, %v; want %v", name, got, skipped, err, test.want)
		}
	}
}

func TestReadStopsAtAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, small())
	for i := range 30 {
		record(t, l, i)
	}
	enough := errors.New("enough")
	n := 0
	_, err := Read(path, Filter{}, func(Entry) error { n++; return enough })
	if n != 1 || err != enough {
		t.Errorf("got %d entries, %v", n, err)
	}
}

func TestReadNothing(t *testing.T) {
	n, err := Read(filepath.Join(t.TempDir(), "none", "audit.log"), Filter{}, nil)
	if n != 0 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// A user has the lines of its own number, or SID, whatever texts others put into theirs.
func TestLinesOfAUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, maxSize)
	for i, e := range []Entry{
		{UID: 1000, User: "ana"},
		{UID: 10001, Error: `,"uid":1000,`},
		{UID: 100, User: "1000"},
		{UID: 1000, User: "bob"}, // a name may change hands
		{SID: "S-1-5-21-7"},
		{SID: "S-1-5-21-77", Error: `,"sid":"S-1-5-21-7"`},
		{},
	} {
		e.PID, e.Time, e.Outcome = i, time.Unix(int64(i), 0), "ok"
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	for of, want := range map[peer.User][]int{
		{UID: 1000}: {0, 3}, {UID: 10001}: {1}, {UID: 100}: {2}, {UID: 1}: nil, {}: {6}, {SID: "S-1-5-21-7"}: {4}, {SID: "S-1-5-21-77"}: {5},
	} {
		var got []int
		if _, err := l.Read(Filter{User: &of}, func(e Entry) error { got = append(got, e.PID); return nil }); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: got %v, %v, want %v", of, got, err, want)
		}
	}
}
