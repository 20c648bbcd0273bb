package source

func newWebIdentity(spec Spec, d Deps) *minted { return &minted{spec: spec} }
