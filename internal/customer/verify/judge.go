package verify

// proof is what was answered.
type proof struct {
	bare  bool // there is no external ID here
	right Answer
	who   who
	none  Answer
	wrong Answer
	again Answer
}

// who is what GetCallerIdentity told of the session.
type who int

const (
	unknown who = iota
	expected
	other
)

// judge says what that proves. What was not asked, or not answered clearly, proves nothing.
func (p *proof) judge() Verdict {
	switch {
	case p.right == Refused:
		return Denied
	case p.right != Granted:
		return Inconclusive
	case p.who == other:
		return WrongIdentity
	case p.none == Granted, p.wrong == Granted:
		return Open
	case p.who != expected:
		return Inconclusive
	case p.bare:
		return NoExternalID
	case p.none != Refused, p.wrong != Refused:
		return Inconclusive
	case p.again != Granted:
		return Inconclusive
	}
	return Verified
}
