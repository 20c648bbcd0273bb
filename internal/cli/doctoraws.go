package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/doctor"
	"credd/internal/ipc"
	"credd/internal/ipc/dial"
)

const atOnce = 8 // sources or endpoints asked beside each other

// each does something for all of a list, a few at a time.
func each[T any](all []T, do func(T)) {
	var busy sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, one := range all {
		slots <- struct{}{}
		busy.Go(func() { do(one); <-slots })
	}
	busy.Wait()
}

// asking reports whether the daemon can be asked about sources and roles, and else tells why they are not tested.
func (e *examination) asking(c doctor.ID, what, remedy string) bool {
	switch {
	case e.offline:
		e.Skip(c, what+", because of --offline", "")
	case e.status == nil:
		e.Skip(c, what+", which the daemon asks: none answers", remedy)
	case e.About != doctor.Guest && !same(e.status.ConfigDir, e.Config):
		e.Skip(c, what+": the daemon has another configuration", "")
	default:
		return true
	}
	return false
}

// sources has the daemon ask AWS who each is.
func (e *examination) sources(ctx context.Context) {
	all := e.Roster.Sources()
	if len(all) == 0 || !e.asking(doctor.SourceWorks, count(len(all), "source"), e.starts()) {
		return
	}
	found := make([]doctor.Finding, len(all))
	at := map[*roster.Source]int{}
	for i, src := range all {
		at[src] = i
	}
	each(all, func(src *roster.Source) { found[at[src]] = e.source(ctx, src) })
	for _, f := range alike(all, found) {
		e.Add(f)
	}
	var st api.Status // what was learned meanwhile, such as the age of a key
	if err := e.request(ctx, api.Request{Do: api.DoStatus}, &st); err != nil {
		return
	}
	e.notes(st.Sources)
	e.knownFailures(&st)
}

// notes tells what there is to know of sources. That a login has ended is an error already where it is needed now.
func (e *examination) notes(sources []api.Source) {
	for _, same := range together(sources) {
		src := same[0]
		for _, note := range src.Notes {
			if src.Message != "" && strings.Contains(note, "credd login ") {
				continue
			}
			message := "source " + src.Name + ": " + note
			if len(same) > 1 {
				message += "; so it is with " + count(len(same)-1, "other source")
			}
			e.Warn(doctor.SourceNotes, message, e.aboutNote(src.Name, note))
		}
	}
}

func (e *examination) aboutNote(name, note string) string {
	switch {
	case strings.Contains(note, "credd source rotate"):
		return "credd source rotate " + name
	case strings.Contains(note, "credd login"):
		return "credd login " + name
	}
	return "credd source show " + name
}

// alike makes one finding of those that say the same of several sources, as of all that one login or one network serves.
func alike(all []*roster.Source, found []doctor.Finding) (out []doctor.Finding) {
	type group struct {
		at   int
		more []string
	}
	groups := map[string]*group{}
	for i, f := range found {
		name := all[i].Name
		key := fmt.Sprintf("%d\n%s\n%s", f.Code, strings.ReplaceAll(f.Message, "source "+name, "source"), strings.TrimSuffix(f.Remedy, " "+name))
		switch login := strings.Contains(f.Remedy, "credd login"); {
		case login && all[i].Type == "sso":
			key += all[i].StartURL + "\n" + all[i].SSOSession
		case login: // each has one of its own
			key += "\n" + name
		}
		if g := groups[key]; g != nil && f.State == doctor.Error {
			g.more = append(g.more, name)
			continue
		}
		groups[key] = &group{at: len(out)}
		out = append(out, f)
	}
	for _, g := range groups {
		if len(g.more) > 0 {
			out[g.at].Message += "; so it is with " + count(len(g.more), "other source") + ": " + few(g.more)
		}
	}
	return out
}

// source has the daemon ask AWS who a source is.
func (e *examination) source(ctx context.Context, src *roster.Source) doctor.Finding {
	f := doctor.Finding{Check: doctor.SourceWorks, State: doctor.OK}
	if src.MFA == "command" && !e.ready(src.Name) {
		f.State, f.Message, f.Remedy = doctor.Untested, "source "+src.Name+", whose mfa_command may ask for a touch", "credd source test "+src.Name
		return f
	}
	var id api.Identity
	err := e.request(ctx, api.Request{Do: api.DoTest, Name: src.Name}, &id)
	if err == nil {
		f.Message = fmt.Sprintf("source %s is %s (%d ms)", src.Name, id.ARN, id.Millis)
		return f
	}
	bad := sorted(err)
	f.Remedy = cmp.Or(bad.hint, "credd source test "+src.Name)
	switch {
	case ctx.Err() != nil:
		bad = &userError{ipc.Unreachable, "no answer in time", ""}
		f.Remedy = "credd source test " + src.Name
	case bad.code == ipc.Login && strings.Contains(bad.hint, "credd login"):
		f.Remedy = "credd login " + src.Name
	case strings.Contains(bad.message, "machine's clock is"):
		f.Remedy = setClock()
	}
	f.State, f.Code, f.Message = doctor.Error, bad.code, bad.message
	if !strings.Contains(f.Message, "source "+src.Name) {
		f.Message = "source " + src.Name + ": " + strings.TrimPrefix(f.Message, src.Name+": ")
	}
	return f
}

// ready reports whether a source has a session that lives.
func (e *examination) ready(name string) bool {
	return slices.ContainsFunc(e.status.Sources, func(s api.Source) bool {
		return s.Name == name && s.State == "ready" && time.Until(s.Until) > time.Minute
	})
}

// knownFailures tells of roles that failed when they were last asked for, unless that is their source's trouble, or they are
// tested now.
func (e *examination) knownFailures(st *api.Status) {
	for _, f := range st.Failing {
		of := func(src api.Source) bool { return slices.Contains(waiting(src, st.Failing), f.Role) }
		if slices.Contains(e.roles, f.Role) || slices.ContainsFunc(st.Sources, of) {
			continue
		}
		e.Warn(doctor.RoleWorks, "when it was last asked for: "+f.Message, cmp.Or(f.Hint, "credd refresh "+f.Role))
	}
}

// testRoles gets a session for each role that was named.
func (e *examination) testRoles(ctx context.Context) {
	if len(e.roles) == 0 {
		if n := len(e.Roster.Roles()); n > 0 {
			e.Skip(doctor.RoleWorks, count(n, "role")+": only those that are named, as each costs a call to AWS", "credd doctor "+e.Roster.Roles()[0].Name)
		}
		return
	}
	if e.asking(doctor.RoleWorks, strings.Join(e.roles, ", "), e.starts()) {
		each(e.roles, func(name string) { e.role(ctx, name) })
	}
}

// role asks as credhelper does, but answers no question and starts no daemon.
func (e *examination) role(ctx context.Context, name string) {
	asked := name
	if !strings.HasPrefix(name, ownMark) {
		r, err := roleNamed(e.Roster, name)
		if err != nil {
			f := sorted(err)
			e.Fail(doctor.RoleWorks, f.code, f.message, cmp.Or(f.hint, "credd role list"))
			return
		}
		asked = r.Name
	}
	deadline, _ := ctx.Deadline()
	frame := ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, asked))
	nobody := func(ipc.Question, int, time.Time) ipc.Answer { return ipc.Answer{Status: ipc.NoTerminal} }
	kind, payload, err := dial.Ask(e.place.Path, frame, deadline, nobody)
	if err == nil && kind == ipc.KindDocument {
		var c credentials
		if c, err = readDocument(payload); err == nil {
			e.OK(doctor.RoleWorks, asked+" has a session for "+left(time.Until(c.Expires)))
			return
		}
	}
	var told *ipc.Error
	if err == nil {
		if told, err = ipc.ParseError(payload); err == nil {
			err = told
		}
	}
	if told == nil {
		err = unanswered(err, e.where)
	}
	f := sorted(err)
	message, remedy := f.message, cmp.Or(f.hint, "credd refresh "+asked)
	if !strings.Contains(message, asked) {
		message = asked + ": " + message
	}
	if errors.Is(err, dial.ErrTimeout) || ctx.Err() != nil {
		f = &userError{ipc.Unreachable, "", ""}
	}
	e.Fail(doctor.RoleWorks, f.code, message, remedy)
}
