package console

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/loopback"
)

// Handover gives a secret URL to a browser: a port of this machine redirects to it, once.
//
// A browser gets its address as an argument, and all users of a machine can read those of a process. A file of ours that
// redirects would not show there either, but browsers in a snap or flatpak cannot read our directories, a desktop may open the
// file in an editor, and it stays behind if we are killed. So the argument is the address of this port. Whoever reads it gets
// nothing: a connection of another user is closed before a byte of it is read (see ours), the path cannot be guessed, so
// that no page in the browser finds it, and after the first answer there is no second.
type Handover struct {
	to    cred.Secret
	host  string // and port
	path  string
	given atomic.Bool
	taken chan struct{} // closed when a browser has the URL
	stop  func()
}

// Offer opens the port. Close has to be called.
func Offer(ctx context.Context, to cred.Secret) (*Handover, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &Handover{to: to, host: ln.Addr().String(), path: "/" + rand.Text(), taken: make(chan struct{})}
	h.stop = sync.OnceFunc(loopback.Serve(own{ln}, h, nil))
	return h, nil
}

// Address is what the browser has to open. It is no secret.
func (h *Handover) Address() string { return "http://" + h.host + h.path }

// Taken is closed when a browser has the URL.
func (h *Handover) Taken() <-chan struct{} { return h.taken }

// Close closes the port and returns when nothing of it is left.
func (h *Handover) Close() { h.stop() }

func (h *Handover) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	rc.SetWriteDeadline(time.Now().Add(loopback.Timeout))
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Connection", "close")
	switch {
	case r.Host != h.host: // a page whose name was made to lead here (DNS rebinding)
		w.WriteHeader(http.StatusMisdirectedRequest)
	case subtle.ConstantTimeCompare([]byte(r.URL.Path), []byte(h.path)) != 1:
		w.WriteHeader(http.StatusNotFound)
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !h.given.CompareAndSwap(false, true):
		w.WriteHeader(http.StatusGone)
	default:
		header.Set("Location", h.to.Reveal())
		w.WriteHeader(http.StatusFound)
		rc.Flush() // an error is the browser's going away
		close(h.taken)
	}
}

// own lets only connections of our own user in.
type own struct{ net.Listener }

func (o own) Accept() (net.Conn, error) {
	for {
		c, err := o.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer, perr := addrPort(c.RemoteAddr())
		us, uerr := addrPort(c.LocalAddr())
		if errors.Join(perr, uerr) == nil && ours(peer, us) {
			return c, nil
		}
		c.Close()
	}
}

func addrPort(a net.Addr) (netip.AddrPort, error) { return netip.ParseAddrPort(a.String()) }
