package cli

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/console"
	"credd/internal/ipc"
	"credd/internal/paths"
)

// opener is how a browser is told to open an address.
type opener func(address string) *exec.Cmd

const orPrint = "have the address printed, and open it yourself: credd console ROLE --print"

// browser finds the browser that is asked for; nil if none is.
func (c *consoleRun) browser(who signer) (opener, error) {
	switch {
	case c.print:
		return nil, nil
	case noDisplay(), remote() && !c.firefox && !c.chromium:
		return nil, &userError{ipc.Usage, "there is no display here to open a browser on", orPrint}
	case c.firefox:
		program, err := c.find(firefoxes[runtime.GOOS])
		return func(address string) *exec.Cmd { return exec.Command(program, container(who, address)) }, err
	case c.chromium:
		program, err := c.find(chromiums[runtime.GOOS])
		if err != nil {
			return nil, err
		}
		dir, err := c.profile(who)
		return func(address string) *exec.Cmd {
			return exec.Command(program, "--user-data-dir="+dir, "--no-first-run", "--no-default-browser-check", address)
		}, err
	}
	return defaultBrowser, nil
}

// Where the browsers are: names in PATH, or whole paths. Variables of the environment are filled in.
var (
	firefoxes = map[string][]string{
		"linux":   {"firefox", "firefox-esr", "firefox-developer-edition"},
		"darwin":  {"/Applications/Firefox.app/Contents/MacOS/firefox"},
		"windows": {`${ProgramFiles}\Mozilla Firefox\firefox.exe`, `${LocalAppData}\Mozilla Firefox\firefox.exe`},
	}
	chromiums = map[string][]string{
		"linux": {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "microsoft-edge-stable"},
		"darwin": {"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
			"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"},
		"windows": {`${ProgramFiles}\Google\Chrome\Application\chrome.exe`, `${LocalAppData}\Google\Chrome\Application\chrome.exe`,
			`${ProgramFiles(x86)}\Microsoft\Edge\Application\msedge.exe`},
	}
)

// find returns the program that the user names, else the first that is there.
func (c *consoleRun) find(usual []string) (string, error) {
	if c.program != "" {
		return lookUp(c.program)
	}
	for _, name := range usual {
		if path, err := exec.LookPath(os.Expand(name, os.Getenv)); err == nil {
			return path, nil
		}
	}
	return "", &userError{ipc.Usage, "no such browser is found: none of " + strings.Join(usual, ", "), "name its program: --program FILE; or " + orPrint}
}

// container is the address that the Firefox add-on "Open external links in a container" opens in a container of the customer,
// which it makes if there is none. What the environment is shows in its colour.
func container(who signer, address string) string {
	color := "blue"
	switch env := strings.ToLower(strings.TrimSpace(who.environment)); {
	case isProduction(env):
		color = "red"
	case slices.Contains([]string{"staging", "stage", "preproduction", "preprod", "uat"}, env):
		color = "orange"
	case slices.Contains([]string{"test", "testing", "qa"}, env):
		color = "yellow"
	case slices.Contains([]string{"development", "dev", "sandbox"}, env):
		color = "green"
	}
	return "ext+container:" + url.Values{"name": {who.owner}, "color": {color}, "url": {address}}.Encode()
}

// profile is a browser's directory for one customer, in which no other customer is signed in.
func (c *consoleRun) profile(who signer) (string, error) {
	all := c.profiles
	if all == "" {
		state, err := paths.State()
		if err != nil {
			return "", &userError{ipc.Usage, err.Error(), ""}
		}
		all = filepath.Join(state, "browsers")
	}
	dir, err := filepath.Abs(filepath.Join(all, who.owner))
	if err == nil {
		err = errors.Join(paths.Private(filepath.Dir(dir)), paths.Private(dir))
	}
	if err != nil {
		return "", &userError{ipc.Usage, "the browser's profile: " + err.Error(), "name another directory: --profile-dir DIR"}
	}
	return dir, nil
}

// open has a browser open a secret address, and returns when it has it.
func (c *consoleRun) open(ctx context.Context, how opener, address cred.Secret) error {
	const patience = 2 * time.Minute // a browser may start slowly, and ask its user something before
	h, err := console.Offer(ctx, address)
	if err != nil {
		return &userError{ipc.Usage, "no port of this machine can be opened for the browser: " + err.Error(), orPrint}
	}
	defer h.Close()
	cmd := how(h.Address())
	cmd.Env = anonymous(os.Environ())
	detach(cmd) // it outlives us, and this terminal
	if err := cmd.Start(); err != nil {
		return &userError{ipc.Usage, "the browser cannot be started: " + notRun(filepath.Base(cmd.Path), err).Error(), orPrint}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // with the browser, or with us
	late := time.After(patience)
	for {
		select {
		case <-h.Taken():
			return nil
		case err := <-ended:
			if err != nil {
				return &userError{ipc.Usage, "the browser did not open: " + filepath.Base(cmd.Path) + " ended with " + err.Error(), orPrint}
			}
			ended = nil // it told a browser that was running
		case <-late:
			return &userError{ipc.Usage, "no browser came for the address in " + patience.String(), orPrint}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// anonymous is an environment without AWS's and our own variables.
func anonymous(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name := strings.ToUpper(kv)
		return strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "CREDD_")
	})
}

// remote reports whether a browser of this machine would not be before the person's eyes.
func remote() bool {
	for _, name := range []string{"SSH_CONNECTION", "SSH_TTY", "WSL_DISTRO_NAME", "WSL_INTEROP"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return noDisplay()
}

func noDisplay() bool {
	return runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == ""
}

// openBrowser tries to; the address is shown in any case.
func openBrowser(url string) {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
		return
	}
	cmd := defaultBrowser(url)
	detach(cmd) // it outlives the login
	if cmd.Start() == nil {
		cmd.Process.Release()
	}
}

// defaultBrowser opens an address in the browser that this desktop is set to. On Linux xdg-open heeds $BROWSER, too.
func defaultBrowser(url string) *exec.Cmd {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", url)
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	}
	return exec.Command("xdg-open", url)
}
