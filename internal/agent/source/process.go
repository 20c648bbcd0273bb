package source

func newProcess(spec Spec, d Deps) *minted { return &minted{spec: spec} }
