package fakeaws

import (
	"encoding/json"
	"slices"
)

// TrustPolicy returns the trust policy that a customer deploys: principal may assume the role if it sends the
// external ID. An empty externalID asks for none.
func TrustPolicy(principal, externalID string) string {
	type object map[string]any
	st := object{"Effect": "Allow", "Principal": object{"AWS": principal}, "Action": "sts:AssumeRole"}
	if externalID != "" {
		st["Condition"] = object{"StringEquals": object{"sts:ExternalId": externalID}}
	}
	b, err := json.Marshal(object{"Version": "2012-10-17", "Statement": []object{st}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// isPrincipal reports whether a policy can name a as who asks.
func (a arn) isPrincipal() bool {
	switch a.service {
	case "iam":
		return a.kind == "root" || a.kind == "user" || a.kind == "role"
	case "sts":
		return a.kind == "assumed-role"
	}
	return false
}

// isProvider reports whether a is an OpenID Connect provider that an account trusts.
func (a arn) isProvider() bool { return a.service == "iam" && a.kind == "oidc-provider" }

// allows reports whether who may do action, with the values that conditions look at. A Deny wins over every Allow, and
// what no statement allows is denied.
func (p policy) allows(who *identity, action string, request map[string]string) bool {
	allowed := false
	for _, st := range p {
		if !st.applies(who, action, request) {
			continue
		}
		if st.deny {
			return false
		}
		allowed = true
	}
	return allowed
}

func (st statement) applies(who *identity, action string, request map[string]string) bool {
	return slices.Contains(st.actions, action) &&
		slices.ContainsFunc(st.principals, who.is) &&
		!slices.ContainsFunc(st.conditions, func(c condition) bool { return !c.holds(request) })
}

// is reports whether a policy's principal means this caller: everyone, its account, its user, its role or its very
// session.
func (i *identity) is(principal string) bool {
	switch principal {
	case "*", i.account, "arn:" + i.partition + ":iam::" + i.account + ":root", i.principal, i.arn:
		return true
	}
	return false
}
