package source

func newIMDS(spec Spec, d Deps) *minted { return &minted{spec: spec} }
