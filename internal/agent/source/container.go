package source

func newContainer(spec Spec, d Deps) *minted { return &minted{spec: spec} }
