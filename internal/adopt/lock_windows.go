package adopt

// lock does nothing here yet: two imports at once are told apart only by the files that they change.
func (j Journal) lock() (unlock func(), err error) { return func() {}, nil }
