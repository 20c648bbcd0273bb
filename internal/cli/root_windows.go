package cli

// warnOfRoot has nothing to tell: what is new gets the rights of its directory.
func (s *Streams) warnOfRoot() {}
