package awsconfig

import "bytes"

// Line is a line of two texts, with its end.
type Line struct {
	Text string
	In   byte // ' ' of both, '-' of the first only, '+' of the second only
}

// Diff compares two texts by their lines.
func Diff(a, b []byte) []Line {
	from, to := lines(a), lines(b)
	head := 0
	for head < min(len(from), len(to)) && from[head] == to[head] {
		head++
	}
	tail := 0
	for tail < min(len(from), len(to))-head && from[len(from)-1-tail] == to[len(to)-1-tail] {
		tail++
	}
	out := tell(nil, ' ', from[:head])
	out = middle(out, from[head:len(from)-tail], to[head:len(to)-tail])
	return tell(out, ' ', from[len(from)-tail:])
}

func lines(text []byte) []string {
	var out []string
	for l := range bytes.Lines(text) {
		out = append(out, string(l))
	}
	return out
}

func tell(out []Line, in byte, texts []string) []Line {
	for _, t := range texts {
		out = append(out, Line{t, in})
	}
	return out
}

// maxTable is how many cells a comparison may take: 2,000 lines with 2,000. What differs in more is told as a whole.
const maxTable = 4_000_000

// middle compares what has no common start and end, by its longest common subsequence.
func middle(out []Line, a, b []string) []Line {
	if len(a)*len(b) == 0 || len(a)*len(b) > maxTable {
		return tell(tell(out, '-', a), '+', b)
	}
	width := len(b) + 1
	common := make([]int32, (len(a)+1)*width) // of a[i:] and b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = append(out, Line{a[i], ' '})
			i++
			j++
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			out = append(out, Line{a[i], '-'})
			i++
		default:
			out = append(out, Line{b[j], '+'})
			j++
		}
	}
	return tell(tell(out, '-', a[i:]), '+', b[j:])
}

// merge makes both changes of a text: what either dropped is gone, what either added is there, ours first. No added line is
// lost, whatever the other did beside it.
func merge(base, ours, theirs []byte) []byte {
	switch {
	case bytes.Equal(base, ours):
		return theirs
	case bytes.Equal(base, theirs):
		return ours
	}
	whole := ended(base)
	a, b := changesOf(whole, ended(ours)), changesOf(whole, ended(theirs))
	var out bytes.Buffer
	for i, line := range append(lines(whole), "") {
		for _, l := range middle(nil, a.added[i], b.added[i]) { // what both added once
			put(&out, []string{l.Text})
		}
		if !a.dropped[i] && !b.dropped[i] && line != "" {
			put(&out, []string{line})
		}
	}
	for _, text := range [][]byte{theirs, ours} { // the end that the last line did not have
		end := ended(text)[len(text):]
		all, mine := lines(out.Bytes()), lines(ended(text))
		if len(end) > 0 && len(all) > 0 && all[len(all)-1] == mine[len(mine)-1] {
			return bytes.TrimSuffix(out.Bytes(), end)
		}
	}
	return out.Bytes()
}

// ended is a text whose last line has an end: without, it would seem to be another line.
func ended(text []byte) []byte {
	if n := len(text); n > 0 && text[n-1] != '\n' {
		return append(bytes.Clone(text), Newline(text)...)
	}
	return text
}

// put adds lines, each on one of its own: the last one of a text may have had no end.
func put(out *bytes.Buffer, texts []string) {
	for _, t := range texts {
		if b := out.Bytes(); len(b) > 0 && b[len(b)-1] != '\n' {
			out.WriteByte('\n')
		}
		out.WriteString(t)
	}
}

// changes of a text, by the number of its lines.
type changes struct {
	dropped map[int]bool
	added   map[int][]string // before the line
}

func changesOf(base, to []byte) changes {
	c := changes{map[int]bool{}, map[int][]string{}}
	at := 0
	for _, l := range Diff(base, to) {
		switch l.In {
		case '+':
			c.added[at] = append(c.added[at], l.Text)
		case '-':
			c.dropped[at] = true
			at++
		default:
			at++
		}
	}
	return c
}
