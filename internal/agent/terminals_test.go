package agent

import (
	"context"
	"testing"
	"time"
)

func TestOneQuestionATerminal(t *testing.T) {
	var ts terminals
	soon := time.Now().Add(20 * time.Second)
	free, ok := ts.take(t.Context(), 7, nil, soon)
	if !ok {
		t.Fatal("the terminal is not free")
	}
	for _, other := range []uint64{8, 0, 0} {
		free, ok := ts.take(t.Context(), other, nil, soon)
		if !ok {
			t.Fatalf("terminal %d is not free", other)
		}
		defer free()
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	over := make(chan struct{})
	close(over)
	for name, take := range map[string]func() (func(), bool){
		"gone": func() (func(), bool) { return ts.take(gone, 7, nil, soon) },
		"over": func() (func(), bool) { return ts.take(t.Context(), 7, over, soon) },
		"late": func() (func(), bool) { return ts.take(t.Context(), 7, nil, time.Now()) },
	} {
		if _, ok := take(); ok {
			t.Errorf("%s: got the terminal", name)
		}
	}
	next := make(chan bool)
	go func() {
		free, ok := ts.take(t.Context(), 7, nil, soon)
		if ok {
			free()
		}
		next <- ok
	}()
	free()
	if !<-next {
		t.Error("the next did not get the terminal")
	}
}
