package adopt

import (
	"slices"

	"credd/internal/agent/roster"
)

// readers are the sources of the roster, of type profile, that read a profile: by its own name, or through the source_profile of
// another. Once such a profile asks credd, its source would ask itself.
type readers struct {
	own       map[string][]*roster.Source
	through   map[string]string // names of sources
	elsewhere Elsewhere
}

func readersOf(now *roster.Roster, profiles map[string]*profile, elsewhere Elsewhere) readers {
	r := readers{map[string][]*roster.Source{}, map[string]string{}, elsewhere}
	for _, s := range now.Sources() {
		if s.Type != "profile" || !r.sees(profiles[s.Profile]) {
			continue
		}
		r.own[s.Profile] = append(r.own[s.Profile], s)
		seen := []string{s.Profile}
		for pr := profiles[s.Profile]; pr != nil && pr.what == assumed; pr = profiles[pr.source] {
			if slices.Contains(seen, pr.source) {
				break
			}
			seen = append(seen, pr.source)
			r.through[pr.source] = s.Name
		}
	}
	return r
}

// sees says whether the daemon finds something of a profile.
func (r readers) sees(pr *profile) bool {
	return pr != nil && (len(pr.Config) > 0 && !r.elsewhere.Config || len(pr.Credentials) > 0 && !r.elsewhere.Credentials)
}

// bound returns a source for which the lines of a profile have to stay, "" if there is none. The one source that reads a profile
// with a key can have the key itself instead.
func (r readers) bound(pr *profile) string {
	own := r.own[pr.Name]
	switch {
	case r.through[pr.Name] != "":
		return r.through[pr.Name]
	case len(own) == 0 || pr.what == keys && len(own) == 1 && !r.elsewhere.any():
		return ""
	}
	return own[0].Name
}

// heir returns the source of the roster that is to get the key of a profile, nil if there is none.
func (r readers) heir(pr *profile) *roster.Source {
	if own := r.own[pr.Name]; len(own) == 1 && r.bound(pr) == "" {
		return own[0]
	}
	return nil
}
