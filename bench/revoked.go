package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"credd/internal/fakeaws"
)

// revoked asks for 29 customers' roles from eight threads, while a ninth asks a thousand times a second for that of the thirtieth: while that
// works, and while it is denied. Rounds of both kinds take turns, and each is compared with the one after it.
func (b *bench) revoked() ([]row, error) {
	const customers, threads, pairs = 30, 8, 9
	w, err := b.world(customers)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.serve(); err != nil {
		return nil, err
	}
	for i := range customers {
		if err := ask(w.sock, roleName(i)); err != nil {
			return nil, err
		}
	}
	last := customers - 1
	trust := func(id string) error {
		err := w.aws.AddRole(fakeaws.Role{ARN: roleARN(last), Trust: fakeaws.TrustPolicy(us, id)})
		if err == nil {
			err = w.command("credd", "forget", roleName(last)).Run()
		}
		return err
	}
	var middle, tail []float64
	var note string
	for range pairs {
		var p50, p99 [2]time.Duration
		for i, id := range []string{"id-of-a-customer", "another-id"} {
			if err := trust(id); err != nil {
				return nil, err
			}
			if err := ask(w.sock, roleName(last)); (err != nil) != (i == 1) {
				return nil, fmt.Errorf("the role with trust %s: %v", id, err)
			}
			if p50[i], p99[i], err = w.others(last, threads, 100*b.scale); err != nil {
				return nil, err
			}
		}
		middle, tail = append(middle, float64(p50[1])/float64(p50[0])), append(tail, float64(p99[1])/float64(p99[0]))
		note = fmt.Sprintf("%v and %v, p99 %v and %v", p50[1].Round(time.Microsecond), p50[0].Round(time.Microsecond),
			p99[1].Round(time.Microsecond), p99[0].Round(time.Microsecond))
	}
	slices.Sort(middle)
	slices.Sort(tail)
	return []row{
		{what: "one of 30 customers is denied: the others' latency", got: middle[pairs/2], unit: "x", bound: 1.1, note: note},
		{what: "the same, 99th percentile", got: tail[pairs/2], unit: "x", bound: 1.25},
	}, nil
}

// others asks for all roles but the last, which is asked for beside them all the time, and returns the median and the 99th percentile.
func (w *world) others(last, threads, each int) (p50, p99 time.Duration, err error) {
	took := make([][]time.Duration, threads)
	errs := make([]error, threads)
	stop := make(chan struct{})
	var beside, all sync.WaitGroup
	beside.Go(func() {
		often := time.NewTicker(time.Millisecond) // the same load, whatever the answer costs
		defer often.Stop()
		for {
			select {
			case <-stop:
				return
			case <-often.C:
				ask(w.sock, roleName(last)) // denied or not
			}
		}
	})
	for t := range threads {
		all.Go(func() {
			for i := range each {
				at := time.Now()
				if errs[t] = ask(w.sock, roleName((t+i)%last)); errs[t] != nil {
					return
				}
				took[t] = append(took[t], time.Since(at))
			}
		})
	}
	all.Wait()
	close(stop)
	beside.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, 0, err
		}
	}
	joined := slices.Concat(took...)
	slices.Sort(joined)
	return joined[len(joined)/2], joined[len(joined)*99/100], nil
}
