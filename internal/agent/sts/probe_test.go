package sts_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

func TestProbe(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil }))
	defer silent.Close()
	for _, tt := range []struct {
		name        string
		ahead       time.Duration
		fault       fakeaws.Fault
		region, url string // url "" is the fake AWS
		want        time.Duration
		reason      sts.Reason
	}{
		{name: "right"},
		{name: "AWS is ahead", ahead: 7 * time.Minute, want: 7 * time.Minute},
		{name: "AWS is behind", ahead: -40 * time.Second, want: -40 * time.Second},
		{name: "a failing AWS answers too", fault: fakeaws.Unavailable},
		{name: "dropped", fault: fakeaws.Drop, reason: sts.Unreachable},
		{name: "nobody listens", url: "http://127.0.0.1:1", reason: sts.Unreachable},
		{name: "no URL", url: "http://[", reason: sts.Invalid},
		{name: "no date", url: silent.URL, reason: sts.Broken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, time.Now)
			b.aws.Advance(tt.ahead)
			b.aws.SetFault("", tt.fault)
			url := tt.url
			if url == "" {
				url = b.aws.URL()
			}
			got, err := b.client.Probe(t.Context(), "eu-west-1", url)
			var e *sts.Error
			failed := errors.As(err, &e)
			if want := tt.reason != 0 || tt.name == "no date"; failed != want || failed && e.Reason != tt.reason {
				t.Fatalf("got %v, %v", got, err)
			}
			if off := got.Skew - tt.want; !failed && off.Abs() > 2*time.Second {
				t.Errorf("got %v, want %v", got.Skew, tt.want)
			}
			if len(b.aws.Requests()) > 0 && b.aws.Requests()[0].Action != "" {
				t.Errorf("asked for %+v", b.aws.Requests())
			}
		})
	}
}
