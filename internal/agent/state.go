package agent

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"credd/internal/agent/cache"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
)

// state is the roster with the sources made from it. It does not change; a reload makes another.
type state struct {
	roster  *roster.Roster
	sources map[string]source.Source // by name
	specs   map[string]source.Spec
	own     map[string]*roster.Role // that hand out a source's own session, by @name
	prints  sync.Map                // *roster.Role -> its fingerprint, a string
}

// newState makes the sources of a roster, taking over those of the state before that are the same.
func (a *Agent) newState(r *roster.Roster, before *state) *state {
	st := &state{roster: r, sources: map[string]source.Source{}, specs: map[string]source.Spec{}, own: ownRoles(r)}
	for _, s := range r.Sources() {
		spec := a.spec(s, r.Settings)
		st.specs[s.Name] = spec
		if before != nil && before.specs[s.Name] == spec && before.sources[s.Name] != nil {
			st.sources[s.Name] = before.sources[s.Name]
			continue
		}
		src, err := a.NewSource(spec)
		if err != nil {
			a.Log.Error("make source", "source", s.Name, "error", err) // a type that the roster knows and the source package does not
			continue
		}
		st.sources[s.Name] = src
	}
	return st
}

// spec is a source of the files as package source wants it.
func (a *Agent) spec(s *roster.Source, all roster.Settings) source.Spec {
	url := cmp.Or(s.EndpointURL, all.Network.EndpointURL)
	return source.Spec{
		Name: s.Name, Type: s.Type, Region: s.Region, Endpoint: url, Services: all.Network.EndpointURL,
		STSRegion: cmp.Or(s.STSRegion, all.Defaults.STSRegion, s.Region, all.Defaults.Region, FirstRegion(s.MFASerial, s.RoleARN)),
		Profile:   s.Profile, MFASerial: s.MFASerial, MFA: s.MFA, MFACommand: source.Join(s.MFACommand),
		StartURL: s.StartURL, SSORegion: s.SSORegion, SSOSession: s.SSOSession, AccountID: s.AccountID, RoleName: s.RoleName,
		TokenFile: s.TokenFile, RoleARN: s.RoleARN, Command: source.Join(s.Command),
	}
}

// partitionOf is the partition that an ARN of the source names, "" if it has none.
func partitionOf(s *roster.Source) string {
	parts := strings.SplitN(cmp.Or(s.MFASerial, s.RoleARN), ":", 3)
	if len(parts) < 3 {
		return ""
	}
	return parts[1]
}

// isRole reports whether the name of a source is that of a role: only roles have a slash.
func isRole(name string) bool { return strings.Contains(name, "/") }

// key names the session that a holder has of a role.
func (st *state) key(role *roster.Role, h holder) cache.Key {
	return cache.Key{Role: role.Name, Holder: h.key, Fingerprint: st.fingerprint(role)}
}

// fingerprint is of everything that changes the role's session or its attribution, beside its holder. Through a chain that is also
// everything of the roles before it and of the source at its start.
func (st *state) fingerprint(role *roster.Role) string {
	if f, ok := st.prints.Load(role); ok {
		return f.(string)
	}
	h := sha256.New()
	for at := role; ; {
		put(h, at.ARN, at.AccountID, at.ExternalID.Reveal(), at.Duration.String(), at.SessionName, st.roster.Settings.Service.Name,
			at.Policy, at.SourceIdentity, at.STSRegion, at.Source)
		put(h, at.PolicyARNs...)
		put(h, at.TransitiveTags...)
		for _, k := range slices.Sorted(maps.Keys(at.Tags)) {
			put(h, k, at.Tags[k])
		}
		next, err := st.roster.Role(at.Source)
		if !isRole(at.Source) || err != nil {
			break
		}
		at = next
	}
	if s := st.source(role); s != nil {
		spec := st.specs[st.sourceName(role)]
		put(h, s.Fingerprint(), spec.Endpoint, spec.Services, spec.SSORegion)
	}
	f := string(h.Sum(nil))
	st.prints.Store(role, f)
	return f
}

// put hashes texts so that no two lists of texts give the same bytes.
func put(h hash.Hash, texts ...string) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(texts)))
	h.Write(n[:])
	for _, t := range texts {
		binary.BigEndian.PutUint64(n[:], uint64(len(t)))
		h.Write(n[:])
		h.Write([]byte(t))
	}
}

// sourceName returns the name of the source at the start of the role's chain.
func (st *state) sourceName(role *roster.Role) string {
	for isRole(role.Source) {
		next, err := st.roster.Role(role.Source)
		if err != nil {
			break
		}
		role = next
	}
	return role.Source
}

func (st *state) source(role *roster.Role) source.Source { return st.sources[st.sourceName(role)] }

// current reports whether the key is still one of its role. Whether its holder may still use the role is asked at each request.
func (st *state) current(k cache.Key) bool {
	role, err := st.role(k.Role)
	return err == nil && st.fingerprint(role) == k.Fingerprint
}

// same reports whether a role is there and asks for what it asked for before, so that what is known of it still holds.
func (st *state) same(before *state, name string) bool {
	role, err := st.role(name)
	if err != nil {
		return false
	}
	was, err := before.role(name)
	return err == nil && st.fingerprint(role) == before.fingerprint(was)
}

// opensLike reports whether a role is open to those to whom it was open before.
func (st *state) opensLike(before *state, name string) bool {
	role, err := st.role(name)
	if err != nil {
		return false
	}
	was, err := before.role(name)
	return err == nil && reflect.DeepEqual(role.Allow, was.Allow)
}
