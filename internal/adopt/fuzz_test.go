package adopt

import (
	"bytes"
	"testing"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// FuzzThereAndBack plans for any files: what is planned can be turned back byte by byte, and the profiles ask credd.
func FuzzThereAndBack(f *testing.F) {
	seeds := 0
	for _, tt := range plans {
		f.Add([]byte(tt.config), []byte(tt.creds), tt.options.Keys)
		seeds++
	}
	if seeds < 25 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, config, creds []byte, keys bool) {
		p, err := Make(filesOf(string(config), string(creds)), &roster.Roster{}, Options{Helper: helper, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		run, kept := newRun(p, time.Now())
		next := filesOf(string(config), string(creds))
		for i, e := range run.AWS {
			e.fill(kept)
			if e.Kind == awsconfig.Config {
				next.ConfigData = p.Files[i].After
			} else {
				next.CredentialsData = p.Files[i].After
			}
			if got, lost := e.undone(p.Files[i].After); !bytes.Equal(got, p.Files[i].Before) || lost != nil {
				t.Fatalf("got %q, %v\nwant %q\nfrom %q", got, lost, p.Files[i].Before, p.Files[i].After)
			}
			merge(append([]byte("# by hand\n"), p.Files[i].After...), e.Kind, e.Places)
		}
		profiles := filesOf(string(next.ConfigData), string(next.CredentialsData)).Profiles()
		for _, v := range p.Verdicts {
			if v.Asks == "" {
				continue
			}
			if profiles[v.Profile] == nil {
				t.Fatalf("%s is gone\n%q\n%q", v.Profile, next.ConfigData, next.CredentialsData)
			}
			if got, ok := awsconfig.Asks(profiles[v.Profile].Get("credential_process")); !ok || got != v.Asks {
				t.Fatalf("%s asks for %q, want %q\n%q\n%q", v.Profile, got, v.Asks, next.ConfigData, next.CredentialsData)
			}
			if profiles[v.Profile].Get("aws_access_key_id") != "" {
				t.Fatalf("%s has its key\n%q\n%q", v.Profile, next.ConfigData, next.CredentialsData)
			}
		}
		for _, s := range p.Sources {
			if err := s.Check(); err != nil {
				t.Fatalf("%+v: %v", s.Source, err)
			}
		}
		for _, r := range p.Roles {
			if err := r.Check(); err != nil {
				t.Fatalf("%s: %v", r.Name, err)
			}
		}
	})
}
