package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// helper compares a warm call, as a whole process.
func (b *bench) helper() ([]row, error) {
	w, err := b.world(1)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.serve(); err != nil {
		return nil, err
	}
	role := roleName(0)
	if err := ask(w.sock, role); err != nil {
		return nil, err
	}
	program := func(name string) string { return filepath.Join(b.bin, name) }
	cmd := w.command("spawn", fmt.Sprint(100*b.scale), program("credhelper"), role, "--", program("client"), w.sock, role, "--",
		program("empty"), "--", program("client-c"), w.sock, role)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("spawn: %w", err)
	}
	var us, rss [4]float64
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fmt.Sscan(line, &us[i], &rss[i])
	}
	size, err := os.Stat(program("credhelper"))
	if err != nil {
		return nil, err
	}
	ms := func(i int) string { return fmt.Sprintf("%.2f and %.2f ms", us[0]/1000, us[i]/1000) }
	return []row{
		{what: "warm credhelper / bare Go client", got: us[0] / us[1], unit: "x", bound: 1.10, note: ms(1)},
		{what: "warm credhelper / empty Go program", got: us[0] / us[2], unit: "x", bound: 1.45, note: ms(2)},
		{what: "warm credhelper / static C client", got: us[0] / us[3], unit: "x", bound: 6, note: ms(3)},
		{what: "credhelper, size", got: float64(size.Size()) / 1e6, unit: "MB", bound: 1.6},
		{what: "credhelper, resident memory", got: rss[0] / 1024, unit: "MB", bound: 2.3},
	}, nil
}

// completion compares what a shell waits for at a tab with the least that credd takes, with a thousand roles.
func (b *bench) completion() ([]row, error) {
	w, err := b.world(1000)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.serve(); err != nil {
		return nil, err
	}
	credd := filepath.Join(b.bin, "credd")
	out, err := w.command("spawn", fmt.Sprint(20*b.scale), credd, "version", "--", credd, "__complete", "use", "c00042", "--", credd, "__complete", "use", "").Output()
	if err != nil {
		return nil, fmt.Errorf("spawn: %w", err)
	}
	var us [3]float64
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		fmt.Sscan(line, &us[i])
	}
	ms := func(i int) string { return fmt.Sprintf("%.2f and %.2f ms", us[i]/1000, us[0]/1000) }
	return []row{
		{what: "a role's name completed / credd version", got: us[1] / us[0], unit: "x", bound: 2, note: ms(1)},
		{what: "all of 1,000 roles and customers / credd version", got: us[2] / us[0], unit: "x", bound: 2, note: ms(2)},
	}, nil
}

// load asks from a number of threads and returns requests a second and the 99th percentile.
func load(sock, role string, threads, each int) (perSecond float64, p99 time.Duration, err error) {
	took := make([][]time.Duration, threads)
	errs := make([]error, threads)
	var all sync.WaitGroup
	start := time.Now()
	for t := range threads {
		all.Go(func() {
			for range each {
				at := time.Now()
				if err := ask(sock, role); err != nil {
					errs[t] = err
					return
				}
				took[t] = append(took[t], time.Since(at))
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, 0, err
		}
	}
	perSecond = float64(threads*each) / time.Since(start).Seconds()
	joined := slices.Concat(took...)
	slices.Sort(joined)
	return perSecond, joined[len(joined)*99/100], nil
}

// throughput compares the daemon, audit log and all, with a plain server.
func (b *bench) throughput() ([]row, error) {
	w, err := b.world(1)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.serve(); err != nil {
		return nil, err
	}
	role, plain := roleName(0), filepath.Join(w.home, "plain.sock")
	server := w.command("server", plain)
	if err := server.Start(); err != nil {
		return nil, err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	for ask(plain, role) != nil {
		time.Sleep(time.Millisecond)
	}
	if err := ask(w.sock, role); err != nil {
		return nil, err
	}
	var ratio, tail []float64
	var note string
	for range 5 {
		ours, ourP99, err := load(w.sock, role, 2, 1000*b.scale)
		if err != nil {
			return nil, err
		}
		theirs, theirP99, err := load(plain, role, 2, 1000*b.scale)
		if err != nil {
			return nil, err
		}
		ratio, tail = append(ratio, ours/theirs), append(tail, float64(ourP99)/float64(theirP99))
		note = fmt.Sprintf("%.0f and %.0f a second, p99 %v and %v", ours, theirs, ourP99.Round(time.Microsecond), theirP99.Round(time.Microsecond))
	}
	slices.Sort(ratio)
	slices.Sort(tail)
	return []row{
		{what: "daemon, short connections, 2 threads / plain server", got: ratio[2], unit: "x", bound: 0.6, least: true, note: note},
		{what: "the same, 99th percentile", got: tail[2], unit: "x", bound: 2},
	}, nil
}

// cold compares the first call for a role with a bare AssumeRole and a warm call, and counts calls for many at once.
func (b *bench) cold() ([]row, error) {
	rounds := 20 * b.scale
	w, err := b.world(rounds + 1)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.serve(); err != nil {
		return nil, err
	}
	client := sts.New(sts.Options{Region: "eu-west-1", BaseEndpoint: aws.String(w.aws.URL()),
		Credentials: credentials.NewStaticCredentialsProvider(w.key.ID, w.key.Secret, "")})
	helper := func(i int) (time.Duration, error) {
		at := time.Now()
		err := w.command("credhelper", roleName(i)).Run()
		return time.Since(at), err
	}
	var cold, warm, bare []time.Duration
	for i := range rounds {
		c, err := helper(i)
		if err != nil {
			return nil, err
		}
		h, err := helper(i)
		if err != nil {
			return nil, err
		}
		at := time.Now()
		if _, err := client.AssumeRole(context.Background(), &sts.AssumeRoleInput{
			RoleArn: aws.String(roleARN(i)), RoleSessionName: aws.String("bench"), ExternalId: aws.String("id-of-a-customer"),
		}); err != nil {
			return nil, err
		}
		cold, warm, bare = append(cold, c), append(warm, h), append(bare, time.Since(at))
	}
	c, h, a := median(cold), median(warm), median(bare)
	before := w.aws.Calls("AssumeRole")
	var crowd sync.WaitGroup
	for range 32 {
		crowd.Go(func() { w.command("credhelper", roleName(rounds)).Run() })
	}
	crowd.Wait()
	return []row{
		{what: "cold call less a bare AssumeRole and a warm call", got: float64(c-h-a) / 1e6, unit: "ms", bound: 0.5,
			note: fmt.Sprintf("%.2f, %.2f and %.2f ms", float64(c)/1e6, float64(a)/1e6, float64(h)/1e6)},
		{what: "STS calls for 32 cold callers of one role", got: float64(w.aws.Calls("AssumeRole") - before), bound: 1},
	}, nil
}

// memory looks at the daemon after work.
func (b *bench) memory() ([]row, error) {
	var rows []row
	for _, m := range []struct {
		what         string
		roles, calls int
		bound        float64
	}{{"resident memory, 20 roles after 5,000 calls", 20, 5000, 16}, {"resident memory, 1,000 live sessions", 1000, 1000, 22}} {
		w, err := b.world(m.roles)
		if err != nil {
			return nil, err
		}
		defer w.close()
		if _, err := w.serve(); err != nil {
			return nil, err
		}
		for i := range m.calls {
			if err := ask(w.sock, roleName(i%m.roles)); err != nil {
				return nil, err
			}
		}
		mb, err := resident(w.daemon.Process.Pid)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{what: m.what, got: mb, unit: "MB", bound: m.bound})
	}
	return rows, nil
}

// large starts with 10,000 files, and changes one.
func (b *bench) large() ([]row, error) {
	const roles = 10000
	w, err := b.world(roles)
	if err != nil {
		return nil, err
	}
	defer w.close()
	var starts, reloads []time.Duration
	for range 3 {
		if w.daemon != nil {
			w.daemon.Process.Kill()
			w.daemon.Wait()
		}
		took, err := w.serve()
		if err != nil {
			return nil, err
		}
		starts = append(starts, took)
	}
	mb, err := resident(w.daemon.Process.Pid)
	if err != nil {
		return nil, err
	}
	for i := range 9 {
		took, err := w.change(500+i, roles+i+1)
		if err != nil {
			return nil, err
		}
		reloads = append(reloads, took)
	}
	const settle = 20 * time.Millisecond // of credd, see internal/cli/serve.go
	return []row{
		{what: "start with 10,000 files", got: float64(median(starts)) / 1e6, unit: "ms", bound: 250},
		{what: "resident memory, 10,000 roles loaded", got: mb, unit: "MB", bound: 42},
		{what: "one file of 10,000 changed until in force", got: float64(median(reloads)-settle) / 1e6, unit: "ms", bound: 30, note: "after a settle time of 20 ms"},
	}, nil
}

// change replaces a file by one with another role, and waits until the daemon has it.
func (w *world) change(i, want int) (time.Duration, error) {
	path := filepath.Join(w.home, fmt.Sprintf(".config/credd/customers/c%05d.toml", i))
	if err := os.WriteFile(path+".new", []byte(customer(i, "admin", "other")), 0o600); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := os.Rename(path+".new", path); err != nil {
		return 0, err
	}
	for time.Since(start) < 10*time.Second {
		st, err := w.status()
		if err != nil {
			return 0, err
		}
		if st.Roles == want {
			return time.Since(start), nil
		}
		time.Sleep(time.Millisecond)
	}
	return 0, fmt.Errorf("%s was changed and not read", path)
}

// idle counts how often the daemon wakes while nobody asks.
func (b *bench) idle() ([]row, error) {
	const quiet, watched = 3 * time.Minute, 4 * time.Minute
	w, err := b.world(20)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if _, err := w.serve(); err != nil {
		return nil, err
	}
	for i := range 200 {
		if err := ask(w.sock, roleName(i%20)); err != nil {
			return nil, err
		}
	}
	time.Sleep(quiet)
	before, calls := switches(w.daemon.Process.Pid), w.aws.Calls("AssumeRole")
	time.Sleep(watched)
	return []row{
		{what: "idle daemon, wake-ups a minute", got: float64(switches(w.daemon.Process.Pid)-before) / watched.Minutes(), bound: 6},
		{what: "idle daemon, STS calls", got: float64(w.aws.Calls("AssumeRole") - calls), bound: 0},
	}, nil
}

// switches counts the voluntary context switches of all threads.
func switches(pid int) (n int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, t := range tasks {
		b, _ := os.ReadFile(t)
		_, after, _ := strings.Cut(string(b), "\nvoluntary_ctxt_switches:")
		var k int
		fmt.Sscan(after, &k)
		n += k
	}
	return n
}
