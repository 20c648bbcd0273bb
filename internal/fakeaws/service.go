package fakeaws

import (
	"net/http"
	"net/url"
)

// The versions of the two services of the query protocol, which tell them apart here: they share an address.
const (
	apiVersion = "2011-06-15"
	iamVersion = "2010-05-08"
)

// service is one of them. An action returns the content of its Result element.
type service struct {
	name      string // in the scope of a signature
	namespace string
	actions   map[string]func(*Server, call) (any, error)
}

// services are what the server understands, by version.
var services = map[string]service{
	apiVersion: {"sts", "https://sts.amazonaws.com/doc/2011-06-15/", map[string]func(*Server, call) (any, error){
		"AssumeRole":        (*Server).assumeRole,
		"GetCallerIdentity": (*Server).getCallerIdentity,
		"GetSessionToken":   (*Server).getSessionToken,
		webIdentityAction:   (*Server).assumeRoleWithWebIdentity,
	}},
	iamVersion: {"iam", "https://iam.amazonaws.com/doc/2010-05-08/", map[string]func(*Server, call) (any, error){
		"GetUser":         onUser("GetUser", nil, (*Server).getUser),
		"ListAccessKeys":  onUser("ListAccessKeys", nil, (*Server).listAccessKeys),
		"CreateAccessKey": onUser("CreateAccessKey", nil, (*Server).createAccessKey),
		"UpdateAccessKey": onUser("UpdateAccessKey", keyParams, (*Server).updateAccessKey),
		"DeleteAccessKey": onUser("DeleteAccessKey", keyParams, (*Server).deleteAccessKey),

		"GetAccessKeyLastUsed": onUser("GetAccessKeyLastUsed", keyParams, (*Server).getAccessKeyLastUsed),

		"GetRole":                 onRole("GetRole", nil, (*Server).getRole),
		"SimulatePrincipalPolicy": (*Server).simulatePrincipalPolicy,
	}},
}

// serviceOf returns which service a request is for: STS where it does not say so.
func serviceOf(form url.Values) service {
	if svc, ok := services[form.Get("Version")]; ok {
		return svc
	}
	return services[apiVersion]
}

// badToken is the answer to a key or token that is nobody's. STS and IAM differ by a full stop.
func badToken(service string) error {
	message := "The security token included in the request is invalid"
	if service == "sts" {
		message += "."
	}
	return &apiError{http.StatusForbidden, "InvalidClientTokenId", message}
}
