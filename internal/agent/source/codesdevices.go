package source

import (
	"fmt"
	"sync"
	"time"
)

// Devices are what belongs to an MFA device, or to the name of a source of type keys, and not to one object: a reload makes
// another object of a source that changed, and two sources may share a device.
type Devices struct {
	now func() time.Time

	mu    sync.Mutex
	codes map[string]*codes      // by the device's serial
	turns map[string]*sync.Mutex // by source: held while its access key becomes another
}

// NewDevices returns devices of which no code was used.
func NewDevices(now func() time.Time) *Devices {
	return &Devices{now: now, codes: map[string]*codes{}, turns: map[string]*sync.Mutex{}}
}

// of returns the codes of a device.
func (d *Devices) of(serial string) *codes {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.codes[serial]
	if c == nil {
		c = &codes{now: d.now}
		d.codes[serial] = c
	}
	return c
}

// change begins a change of a source's access key, unless there is one under way. end ends it.
func (d *Devices) change(source string) (end func(), err error) {
	d.mu.Lock()
	turn := d.turns[source]
	if turn == nil {
		turn = &sync.Mutex{}
		d.turns[source] = turn
	}
	d.mu.Unlock()
	if !turn.TryLock() {
		return nil, &Error{Kind: Wait, Message: fmt.Sprintf("the access key of source %s is being changed already", source), Hint: "try again when that is done"}
	}
	return turn.Unlock, nil
}
