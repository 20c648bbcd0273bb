package source

func newLogin(spec Spec, d Deps) *minted { return &minted{spec: spec} }
