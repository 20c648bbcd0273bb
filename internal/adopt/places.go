package adopt

import (
	"bytes"
	"slices"
	"strings"

	"credd/internal/awsconfig"
)

// Place is a part of a file that an import changes, as the journal has it. A text that may hold a key is not here: Kept counts
// it among those in the vault.
type Place struct {
	Profile string `json:"profile"`
	Start   int    `json:"start"` // in the file before
	Length  int    `json:"length"`
	Old     []byte `json:"old,omitempty"`  // need not be UTF-8
	Kept    int    `json:"kept,omitempty"` // from 1; 0: Old has the text
	New     string `json:"new,omitempty"`
	Header  bool   `json:"header,omitempty"` // the section's header goes with it
	Made    bool   `json:"made,omitempty"`   // New begins a section
	After   string `json:"after,omitempty"`  // the setting above that stays, "" for the header
	Next    string `json:"next,omitempty"`   // with Header: the profile below
	Gap     int    `json:"gap,omitempty"`    // with Header: the length of the comments that stand between
	Nth     int    `json:"nth,omitempty"`    // which of the profile's sections, from 0
	Of      int    `json:"of,omitempty"`     // how many those are; 0: not known, as some go or are made

	old    string // the text, wherever the journal has it
	secret bool   // it holds a key
}

// places are the runs of lines of a section that go.
func places(data []byte, pr *profile, s *awsconfig.Section) []Place {
	var out []Place
	after := ""
	for _, set := range s.Settings {
		if !takes(pr, set.Key) {
			after = set.Key
			continue
		}
		if n := len(out); n > 0 && out[n-1].Start+out[n-1].Length == set.Start {
			out[n-1].Length = set.End - out[n-1].Start
		} else {
			out = append(out, Place{Profile: pr.Name, Start: set.Start, Length: set.End - set.Start, After: after})
		}
		last := &out[len(out)-1]
		last.secret = last.secret || slices.Contains(keySettings, set.Key)
	}
	for i := range out {
		out[i].old = string(data[out[i].Start : out[i].Start+out[i].Length])
	}
	return out
}

// wholeSection makes a place take the section's header too, if nothing else is in the section.
func wholeSection(data []byte, s *awsconfig.Section, of Place, next string) Place {
	if of.Start+of.Length != s.End || strings.TrimSpace(string(data[s.Body:of.Start])) != "" {
		return of
	}
	end := s.End
	for end < s.Next {
		line := data[end:s.Next]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		if len(bytes.TrimSpace(line)) > 0 {
			break
		}
		end += len(line)
	}
	return Place{Profile: of.Profile, Start: s.Start, Length: end - s.Start, Header: true, Next: next, Gap: s.Next - end, secret: of.secret, old: string(data[s.Start:end])}
}

// put makes the profile's line stand where the first of its settings stood, else behind the last one of its last section.
func put(all []Place, data []byte, pr *profile, line string) []Place {
	end := awsconfig.Newline(data)
	for i := range all {
		if all[i].Profile != pr.Name {
			continue
		}
		old := all[i].old
		margin := old[:len(old)-len(strings.TrimLeft(old, " \t"))]
		if !strings.HasSuffix(old, "\n") {
			end = "" // of the file
		}
		all[i].New = margin + line + end
		return all
	}
	s := pr.Config[len(pr.Config)-1]
	p := Place{Profile: pr.Name, Start: s.Body, New: line + end, Nth: len(pr.Config) - 1, Of: len(pr.Config)}
	if n := len(s.Settings); n > 0 {
		last := s.Settings[n-1]
		text := string(data[last.Start:last.End])
		p.Start, p.After = last.End, last.Key
		p.New = text[:len(text)-len(strings.TrimLeft(text, " \t"))] + line + end
	}
	if p.Start > 0 && data[p.Start-1] != '\n' {
		p.New = end + strings.TrimSuffix(p.New, end)
	}
	return append(all, p)
}

// numbered are the places of one section of some.
func numbered(all []Place, nth, of int) []Place {
	for i := range all {
		all[i].Nth, all[i].Of = nth, of
	}
	return all
}
