package adopt

import (
	"bytes"
	"strings"

	"credd/internal/awsconfig"
)

// merge turns places back in a file that was changed since. It finds each by its profile and its line; all other changes stay.
// What it does not find it leaves and names.
func merge(data []byte, kind awsconfig.Kind, places []Place) ([]byte, []Lost) {
	m := &merger{data: data, kind: kind, gone: map[string]bool{}}
	for _, p := range places { // the lines of ours first: whether they are there decides for the rest of their profile
		if p.New != "" {
			m.turn(p)
		}
	}
	for _, p := range places {
		if p.New == "" {
			m.turn(p)
		}
	}
	return m.data, m.lost
}

type merger struct {
	data []byte
	kind awsconfig.Kind
	lost []Lost
	gone map[string]bool // profiles whose line of ours is not there
}

// sections are those of a profile as the file is now.
func (m *merger) sections(profile string) []awsconfig.Section {
	var out []awsconfig.Section
	for _, s := range awsconfig.Parse(m.data, m.kind) {
		if s.Name == profile && (s.Kind == awsconfig.Profile || m.kind == awsconfig.Credentials) {
			out = append(out, s)
		}
	}
	return out
}

func (m *merger) turn(p Place) {
	all := m.sections(p.Profile)
	if p.Of > 0 && len(all) == p.Of {
		all = all[p.Nth : p.Nth+1]
	}
	switch {
	case p.Made:
		m.unmake(p, all)
	case p.New != "":
		m.swap(p, all)
	case m.isBack(p, all):
	case m.gone[p.Profile], len(all) > 0 && (p.Header || m.clashes(p, all, 0)), len(all) == 0 && !p.Header:
		m.lose(p, all)
	case p.Header:
		m.insertSection(p)
	default:
		s := all[0]
		at := s.Body
		for _, one := range all {
			for _, set := range one.Settings {
				if p.After != "" && set.Key == p.After {
					at = set.End
				}
			}
		}
		m.put(at, at, p.old)
	}
}

// swap puts the old lines in the place of ours.
func (m *merger) swap(p Place, all []awsconfig.Section) {
	for _, s := range all {
		for _, set := range s.Settings {
			if strings.TrimSpace(string(m.data[set.Start:set.End])) != strings.TrimSpace(p.New) {
				continue
			}
			if m.clashes(p, all, set.Start+1) {
				m.gone[p.Profile] = true
				m.lose(p, all)
				return
			}
			m.put(set.Start, set.End, p.old)
			return
		}
	}
	if p.old == "" || m.isBack(p, all) {
		return // nothing is missing
	}
	m.gone[p.Profile] = true
	m.lose(p, all)
}

// unmake removes a section that the import made, or what it wrote there if there is more in it now.
func (m *merger) unmake(p Place, all []awsconfig.Section) {
	for _, s := range all {
		for _, set := range s.Settings {
			if line := strings.TrimSpace(string(m.data[set.Start:set.End])); !strings.HasSuffix(strings.TrimSpace(p.New), line) {
				continue
			}
			if len(s.Settings) > 1 {
				m.put(set.Start, set.End, "")
				return
			}
			start := s.Start
			if cut := bytes.TrimSuffix(bytes.TrimSuffix(m.data[:start], []byte("\n")), []byte("\r")); len(cut) < start && bytes.HasSuffix(cut, []byte("\n")) {
				start = len(cut)
			}
			m.put(set.Start, set.End, "")
			m.put(start, s.Body, "") // what somebody wrote between stays
			return
		}
	}
}

// insertSection puts a section back where it was: before the one below it, else at the end.
func (m *merger) insertSection(p Place) {
	at := len(m.data)
	if below := m.sections(p.Next); p.Next != "" && len(below) > 0 {
		at = below[0].Start
		if above := at - p.Gap; above >= 0 && m.areComments(above, at) {
			at = above
		}
	}
	m.put(at, at, p.old)
}

// areComments says whether bytes are whole lines that are comments or blank.
func (m *merger) areComments(start, end int) bool {
	if start > 0 && m.data[start-1] != '\n' {
		return false
	}
	for line := range bytes.Lines(m.data[start:end]) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && line[0] != ';' {
			return false
		}
	}
	return true
}

// isBack says whether the old lines are in the profile already.
func (m *merger) isBack(p Place, all []awsconfig.Section) bool {
	have := map[string]bool{}
	for _, s := range all {
		for line := range bytes.Lines(m.data[s.Start:s.End]) {
			have[strings.TrimSpace(string(line))] = true
		}
	}
	for line := range strings.Lines(p.old) {
		if text := strings.TrimSpace(line); text != "" && !have[text] {
			return false
		}
	}
	return p.old != ""
}

// clashes says whether somebody has set again what the old lines set. The setting that starts before except is not counted.
func (m *merger) clashes(p Place, all []awsconfig.Section, except int) bool {
	text := p.old
	if !p.Header {
		text = "[profile x]\n" + text
	}
	for _, old := range awsconfig.Parse([]byte(text), awsconfig.Config) {
		for _, set := range old.Settings {
			for _, s := range all {
				for _, now := range s.Settings {
					if now.Key == set.Key && now.Start+1 != except {
						return true
					}
				}
			}
		}
	}
	return false
}

// put replaces bytes, so that lines stay lines.
func (m *merger) put(start, end int, text string) {
	if text != "" && start > 0 && m.data[start-1] != '\n' {
		text = awsconfig.Newline(m.data) + text
	}
	if text != "" && end < len(m.data) && !strings.HasSuffix(text, "\n") {
		text += awsconfig.Newline(m.data)
	}
	m.data = awsconfig.Apply(m.data, awsconfig.Edit{Start: start, End: end, Text: text})
}

func (m *merger) lose(p Place, all []awsconfig.Section) {
	l := Lost{Profile: p.Profile, Text: p.old}
	if p.Kept > 0 {
		l.Text = ""
	}
	if len(all) > 0 {
		l.Line = all[0].Line
	}
	m.lost = append(m.lost, l)
}
