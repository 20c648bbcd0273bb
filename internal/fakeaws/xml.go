package fakeaws

import (
	"bytes"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

// apiError is an error as AWS answers it.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

type assumeRoleResult struct {
	Credentials      credentials
	AssumedRoleUser  assumedRoleUser
	PackedPolicySize int    `xml:",omitempty"` // percent
	SourceIdentity   string `xml:",omitempty"`
}

type credentials struct {
	AccessKeyID     string `xml:"AccessKeyId,omitempty"`
	SecretAccessKey string `xml:",omitempty"`
	SessionToken    string `xml:",omitempty"`
	Expiration      string `xml:",omitempty"`
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	ARN           string `xml:"Arn"`
}

type callerIdentityResult struct {
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
	Account string
}

type errorResponse struct {
	XMLName   xml.Name
	Type      string `xml:"Error>Type"`
	Code      string `xml:"Error>Code"`
	Message   string `xml:"Error>Message"`
	RequestID string `xml:"RequestId"`
}

// encodeResult wraps result as the query protocol does: ActionResponse around ActionResult and the metadata. A nil
// result has no element.
func encodeResult(svc service, action string, result any, requestID string) []byte {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	response := xml.StartElement{Name: xml.Name{Space: svc.namespace, Local: action + "Response"}}
	metadata := struct {
		RequestID string `xml:"RequestId"`
	}{requestID}
	err := errors.Join(
		e.EncodeToken(response),
		e.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: action + "Result"}}),
		e.EncodeElement(metadata, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}),
		e.EncodeToken(response.End()),
		e.Flush(),
	)
	if err != nil {
		panic(err) // our own structs of strings always encode
	}
	return b.Bytes()
}

// encodeError returns the HTTP status and body for err.
func encodeError(svc service, err error, requestID string) (int, []byte) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{http.StatusInternalServerError, "InternalFailure", err.Error()}
	}
	r := errorResponse{Type: "Sender", Code: e.code, Message: e.message, RequestID: requestID}
	r.XMLName = xml.Name{Space: svc.namespace, Local: "ErrorResponse"}
	if e.status >= http.StatusInternalServerError {
		r.Type = "Receiver"
	}
	body, err := xml.Marshal(r)
	if err != nil {
		panic(err) // as above
	}
	return e.status, body
}

// newRequestID returns a random UUID.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
