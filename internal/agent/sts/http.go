package sts

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
	"time"
)

const (
	attemptTimeout = 5 * time.Second // one attempt, from connecting to the last byte
	idleTimeout    = 90 * time.Second
	idlePerHost    = 8 // flights to one endpoint at once that find a connection open
)

// HTTP is the one way to AWS. Nothing is taken from the environment: a service sees another one than a shell does.
type HTTP struct{ client atomic.Pointer[http.Client] }

// NewHTTP returns a direct connection to AWS.
func NewHTTP() *HTTP {
	h := &HTTP{}
	h.client.Store(client(nil, nil))
	return h
}

// Configure sends what follows through a proxy (a URL, or "") and trusts the certificates of a PEM file (or "") beside
// the system's. On an error all stays as it is.
func (h *HTTP) Configure(proxy, bundle string) error {
	var via *url.URL
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" {
			return errors.New("proxy is not a URL such as http://proxy.example:3128") // it may hold a password
		}
		via = u
	}
	var pool *x509.CertPool
	if bundle != "" {
		pem, err := os.ReadFile(bundle)
		if err != nil {
			return fmt.Errorf("ca_bundle: %w", err)
		}
		if pool, err = x509.SystemCertPool(); err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return fmt.Errorf("ca_bundle %s holds no certificate", bundle)
		}
	}
	h.client.Swap(client(via, pool)).CloseIdleConnections()
	return nil
}

// Do sends one request.
func (h *HTTP) Do(r *http.Request) (*http.Response, error) { return h.client.Load().Do(r) }

// Close ends idle connections.
func (h *HTTP) Close() { h.client.Load().CloseIdleConnections() }

func client(proxy *url.URL, roots *x509.CertPool) *http.Client {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: attemptTimeout}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: attemptTimeout,
		MaxIdleConnsPerHost: idlePerHost,
		IdleConnTimeout:     idleTimeout,
		// HTTP/1 only: a connection that died while the laptop slept is then given up with the attempt that used it.
		Protocols: new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	if proxy != nil {
		t.Proxy = http.ProxyURL(proxy)
	}
	return &http.Client{
		Transport: t,
		Timeout:   attemptTimeout,
		// AWS does not redirect; following one would send signed requests elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
