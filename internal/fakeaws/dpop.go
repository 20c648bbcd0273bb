package fakeaws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
)

const coordinate = 32 // bytes of one number of P-256

// newDPoPKey returns the key as the cache file has it, and its public half, uncompressed.
func newDPoPKey() (text string, public []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the random source never fails
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		panic(err) // a fresh P-256 key always encodes
	}
	public, err = key.PublicKey.Bytes()
	if err != nil {
		panic(err) // as above
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})), public
}

// checkDPoP checks that proof is of the key and for a POST to url (RFC 9449, 4.3). Its time is not checked: the SDKs take
// the machine's, which a test's clock may have left far behind.
func checkDPoP(proof, url string, public []byte) error {
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		return errors.New("the DPoP header is missing or is no JWT")
	}
	var header struct {
		Typ, Alg string
		JWK      struct{ Kty, Crv, X, Y string }
	}
	var payload struct{ Htm, Htu string }
	if decodePart(parts[0], &header) != nil || decodePart(parts[1], &payload) != nil {
		return errors.New("the DPoP proof is not JSON")
	}
	if header.Typ != "dpop+jwt" || header.Alg != "ES256" || header.JWK.Kty != "EC" || header.JWK.Crv != "P-256" {
		return errors.New("the DPoP proof is of another kind")
	}
	if payload.Htm != "POST" || payload.Htu != url {
		return errors.New("the DPoP proof is for another request")
	}
	if !bytes.Equal(append(number(header.JWK.X), number(header.JWK.Y)...), public[1:]) {
		return errors.New("the DPoP key is not the one of the login")
	}
	return checkSignature(parts, public)
}

func checkSignature(parts []string, public []byte) error {
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
	if err != nil {
		return err
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(sig) != 2*coordinate {
		return errors.New("the DPoP signature is malformed")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(sig[:coordinate]), new(big.Int).SetBytes(sig[coordinate:])
	if !ecdsa.Verify(key, sum[:], r, s) {
		return errors.New("the DPoP signature is wrong")
	}
	return nil
}

func decodePart(text string, v any) error {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// number decodes a coordinate, nil if it is none, and restores the leading zeros that the Go SDK leaves out.
func number(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return append(make([]byte, max(0, coordinate-len(b))), b...)
}
