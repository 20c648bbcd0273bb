package peer

func of(int) (Peer, error) { return Peer{}, ErrUnknown }

// Facts tells nothing here.
func (Peer) Facts() Facts { return Facts{} }

// Process returns the facts of whoever has the pid now. TODO(issue 2): gone once the agent asks Peer.Facts.
func Process(pid int) Facts { return Facts{} }
