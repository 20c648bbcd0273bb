package peer

// Self is who this process runs as.
func Self() (User, error) { panic("TODO: issue 6") }

// Root reports whether the user may do anything on this machine anyway: LocalSystem.
func (u User) Root() bool { return u.SID == "S-1-5-18" }
