package fakeaws

import (
	"net/http"
	"net/url"
)

// The versions of the services of the query protocol, which tell them apart here: they share an address.
const (
	apiVersion = "2011-06-15"
	iamVersion = "2010-05-08"
	cfnVersion = "2010-05-15"
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
	iamVersion: {"iam", "https://iam.amazonaws.com/doc/2010-05-08/", iamActions},
	cfnVersion: {"cloudformation", "http://cloudformation.amazonaws.com/doc/2010-05-15/", map[string]func(*Server, call) (any, error){
		"CreateStack":            onStack("CreateStack", (*Server).createStack),
		"UpdateStack":            onStack("UpdateStack", (*Server).updateStack),
		"DeleteStack":            onStack("DeleteStack", (*Server).deleteStack),
		"DescribeStacks":         onStack("DescribeStacks", (*Server).describeStacks),
		"DescribeStackEvents":    onStack("DescribeStackEvents", (*Server).describeStackEvents),
		"DescribeStackResources": onStack("DescribeStackResources", (*Server).describeStackResources),
		"GetTemplate":            onStack("GetTemplate", (*Server).getTemplate),
		"ValidateTemplate":       onStack("ValidateTemplate", (*Server).validateTemplate),
	}},
}

var iamActions = map[string]func(*Server, call) (any, error){
	"GetUser":         onUser("GetUser", nil, (*Server).getUser),
	"ListAccessKeys":  onUser("ListAccessKeys", nil, (*Server).listAccessKeys),
	"CreateAccessKey": onUser("CreateAccessKey", nil, (*Server).createAccessKey),
	"UpdateAccessKey": onUser("UpdateAccessKey", keyParams, (*Server).updateAccessKey),
	"DeleteAccessKey": onUser("DeleteAccessKey", keyParams, (*Server).deleteAccessKey),

	"GetAccessKeyLastUsed": onUser("GetAccessKeyLastUsed", keyParams, (*Server).getAccessKeyLastUsed),

	"CreateRole":                    (*Server).createRole,
	"GetRole":                       onRole("GetRole", nil, (*Server).getRole),
	"DeleteRole":                    onRole("DeleteRole", nil, (*Server).deleteRole),
	"UpdateRole":                    onRole("UpdateRole", []param{descriptionParam}, (*Server).updateRole),
	"UpdateAssumeRolePolicy":        onRole("UpdateAssumeRolePolicy", []param{documentParam}, (*Server).updateTrust),
	"TagRole":                       onRole("TagRole", nil, (*Server).tagRole),
	"UntagRole":                     onRole("UntagRole", nil, (*Server).untagRole),
	"PutRolePermissionsBoundary":    onRole("PutRolePermissionsBoundary", []param{boundaryParam}, (*Server).putBoundary),
	"DeleteRolePermissionsBoundary": onRole("DeleteRolePermissionsBoundary", nil, (*Server).deleteBoundary),
	"PutRolePolicy":                 onRole("PutRolePolicy", []param{policyNameParam, documentParam}, (*Server).putRolePolicy),
	"GetRolePolicy":                 onRole("GetRolePolicy", []param{policyNameParam}, (*Server).getRolePolicy),
	"DeleteRolePolicy":              onRole("DeleteRolePolicy", []param{policyNameParam}, (*Server).deleteRolePolicy),
	"ListRolePolicies":              onRole("ListRolePolicies", nil, (*Server).listRolePolicies),
	"AttachRolePolicy":              onRole("AttachRolePolicy", []param{policyARNParam}, (*Server).attachRolePolicy),
	"DetachRolePolicy":              onRole("DetachRolePolicy", []param{policyARNParam}, (*Server).detachRolePolicy),
	"ListAttachedRolePolicies":      onRole("ListAttachedRolePolicies", nil, (*Server).listAttachedRolePolicies),
	"SimulatePrincipalPolicy":       (*Server).simulatePrincipalPolicy,
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
