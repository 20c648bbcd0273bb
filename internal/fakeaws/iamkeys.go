package fakeaws

import (
	"net/url"
	"strings"
	"time"
)

const (
	statusActive   = "Active"
	statusInactive = "Inactive"
)

type userResult struct{ User userDetail }

type userDetail struct {
	Path       string
	UserName   string
	UserID     string `xml:"UserId"`
	ARN        string `xml:"Arn"`
	CreateDate string
}

type createKeyResult struct{ AccessKey keyDetail }

type listKeysResult struct {
	UserName          string
	AccessKeyMetadata keyList // an element even where there are no keys
	IsTruncated       bool
}

type keyList struct {
	Members []keyDetail `xml:"member"`
}

type keyUsedResult struct {
	UserName          string
	AccessKeyLastUsed keyUse
}

type keyUse struct {
	LastUsedDate string `xml:",omitempty"` // none for a key that was never used
	ServiceName  string
	Region       string
}

type keyDetail struct {
	UserName        string
	AccessKeyID     string `xml:"AccessKeyId"`
	Status          string
	SecretAccessKey string `xml:",omitempty"` // at its creation only
	CreateDate      string
}

func (u *user) detail(k *accessKey) keyDetail {
	d := keyDetail{UserName: u.last(), AccessKeyID: k.ID, Status: statusInactive, CreateDate: formatTime(k.created)}
	if k.active {
		d.Status = statusActive
	}
	return d
}

func (s *Server) getUser(u *user, _ url.Values, _ time.Time) (any, error) {
	return &userResult{userDetail{
		Path:       "/" + strings.TrimSuffix(u.name, u.last()),
		UserName:   u.last(),
		UserID:     u.id,
		ARN:        u.text,
		CreateDate: formatTime(u.created),
	}}, nil
}

func (s *Server) listAccessKeys(u *user, _ url.Values, _ time.Time) (any, error) {
	r := &listKeysResult{UserName: u.last()}
	for _, k := range u.keys {
		r.AccessKeyMetadata.Members = append(r.AccessKeyMetadata.Members, u.detail(k))
	}
	return r, nil
}

func (s *Server) createAccessKey(u *user, _ url.Values, now time.Time) (any, error) {
	k, err := s.addKey(u, now, s.keyDelay)
	if err != nil {
		return nil, err
	}
	d := u.detail(k)
	d.SecretAccessKey = k.Secret
	return &createKeyResult{d}, nil
}

func (s *Server) updateAccessKey(u *user, form url.Values, _ time.Time) (any, error) {
	status := form.Get("Status")
	if status != statusActive && status != statusInactive {
		var v violations
		v.add(status, "status", "Member must satisfy enum value set: [Active, Inactive]")
		return nil, v.err()
	}
	k, err := u.formKey(form)
	if err != nil {
		return nil, err
	}
	k.active = status == statusActive
	return nil, nil
}

func (s *Server) deleteAccessKey(u *user, form url.Values, _ time.Time) (any, error) {
	k, err := u.formKey(form)
	if err != nil {
		return nil, err
	}
	s.removeKey(u, k)
	return nil, nil
}

func (s *Server) getAccessKeyLastUsed(u *user, form url.Values, _ time.Time) (any, error) {
	k, err := u.formKey(form)
	if err != nil {
		return nil, err
	}
	use := keyUse{ServiceName: "N/A", Region: "N/A"}
	if !k.used.at.IsZero() {
		use = keyUse{formatTime(k.used.at), k.used.service, k.used.region}
	}
	return &keyUsedResult{u.last(), use}, nil
}

func (u *user) formKey(form url.Values) (*accessKey, error) {
	k := u.key(form.Get("AccessKeyId"))
	if k == nil {
		return nil, noEntity("The Access Key with id %s cannot be found.", form.Get("AccessKeyId"))
	}
	return k, nil
}
