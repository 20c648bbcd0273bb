package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"credd/internal/agent/sts"
)

const (
	codeLife     = 3 * time.Minute // after which AWS accepts a code no more, so that it need not be remembered as used
	codeMargin   = 5 * time.Second // of a flight, kept for the call after a wait for the next code
	wrongPause   = time.Minute     // after wrong codes that no person typed; doubled each time
	mostWrong    = 15 * time.Minute
	wrongAllowed = 1 // the first wrong code may be one that was just about to end
)

var errUsed = errors.New("the code was used already")

// codes remembers the used codes of a device, so that none is sent twice: AWS would take the second for an attack. It slows
// down wrong ones.
type codes struct {
	now func() time.Time

	mu    sync.Mutex
	used  map[string]time.Time
	wrong int       // in a row
	until time.Time // no code is sent by itself before
}

// isCode reports whether AWS can take it: 6 digits (STS GetSessionToken).
func isCode(s string) bool {
	return len(s) == 6 && strings.Trim(s, "0123456789") == ""
}

// take marks a code as used, before it is sent: what became of a call that broke is not known.
func (c *codes) take(code string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for old, at := range c.used {
		if now.Sub(at) > codeLife {
			delete(c.used, old)
		}
	}
	if _, ok := c.used[code]; ok {
		return errUsed
	}
	if c.used == nil {
		c.used = map[string]time.Time{}
	}
	c.used[code] = now
	return nil
}

// landed counts wrong codes. Where the clocks are too far apart AWS's answer to a code says so, and nothing of the code, which
// is wrong for just that reason.
func (c *codes) landed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var e *sts.Error
	switch {
	case err == nil:
		c.wrong, c.until = 0, time.Time{}
	case errors.As(err, &e) && (e.Reason == sts.WrongCode || e.Reason == sts.Clock):
		c.wrong++
		if c.wrong > wrongAllowed {
			c.until = c.now().Add(min(mostWrong, wrongPause<<min(c.wrong-wrongAllowed-1, 8)))
		}
	}
}

// pause returns how long no code is sent by itself.
func (c *codes) pause() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until.Sub(c.now())
}

func (c *codes) forgive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = time.Time{}
}

// unattended takes a code without a person: from the seed in the vault, or from a command.
func (k *Keys) unattended(ctx context.Context) (string, error) {
	if left := k.code.pause(); left > 0 {
		return "", &Error{
			Kind:    Login,
			Message: fmt.Sprintf("AWS did not accept the last MFA codes of source %s: the next is tried in %d s", k.spec.Name, left/time.Second+1),
			Hint:    "see that the device is the right one and that this machine's clock is right, then: credd reload",
		}
	}
	if k.spec.MFA == Command {
		return k.fromCommand(ctx)
	}
	return k.fromSeed(ctx)
}

func (k *Keys) fromSeed(ctx context.Context) (string, error) {
	text, ok, err := k.deps.Vault.Get(ctx, SeedItem(k.spec.Name))
	if err != nil {
		return "", err
	}
	seed, err := totpSeed(string(text))
	if !ok || err != nil {
		return "", &Error{
			Kind: Config, Message: fmt.Sprintf("there is no MFA seed of source %s in the vault", k.spec.Name),
			Hint: "put it there: credd source add " + k.spec.Name + " --type keys --mfa totp --replace",
		}
	}
	for {
		code, next := totp(seed, k.deps.Now())
		if k.code.take(code) == nil {
			return code, nil
		}
		left := next.Sub(k.deps.Now())
		if end, ok := ctx.Deadline(); ok && time.Until(end) < left+codeMargin {
			return "", &Error{
				Kind: Wait, Message: fmt.Sprintf("the MFA code of source %s was used already: the next is there in %d s", k.spec.Name, left/time.Second+1),
				Hint: "try again then", Err: errUsed,
			}
		}
		if err := k.pause(ctx, left); err != nil {
			return "", err
		}
	}
}

func (k *Keys) fromCommand(ctx context.Context) (string, error) {
	out, err := run(ctx, k.spec.MFACommand)
	if err != nil && ctx.Err() != nil {
		return "", err // not the command's
	}
	if err != nil {
		return "", &Error{
			Kind: Login, Message: fmt.Sprintf("the mfa_command of source %s %v", k.spec.Name, err),
			Hint: "run it by hand to see what it says: " + strings.Join(split(k.spec.MFACommand), " "),
		}
	}
	code := strings.TrimSpace(string(out))
	if !isCode(code) {
		return "", &Error{Kind: Config, Message: fmt.Sprintf("the mfa_command of source %s does not print 6 digits and nothing else", k.spec.Name)}
	}
	if err := k.code.take(code); err != nil {
		return "", &Error{Kind: Wait, Message: fmt.Sprintf("the mfa_command of source %s gave a code that was used already", k.spec.Name), Hint: "try again in half a minute", Err: err}
	}
	return code, nil
}
