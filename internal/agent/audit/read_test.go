package audit

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"
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
