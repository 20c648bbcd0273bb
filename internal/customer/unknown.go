package customer

import "encoding/json"

// The types below are read and written without the methods of this file.
type (
	plainRecord Record
	plainSeen   Seen
)

// UnmarshalJSON keeps what this version does not know.
func (r *Record) UnmarshalJSON(data []byte) error {
	var p plainRecord
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &p.unknown); err != nil {
		return err
	}
	delete(p.unknown, "roles")
	*r = Record(p)
	return nil
}

// MarshalJSON writes that again.
func (r Record) MarshalJSON() ([]byte, error) {
	if r.Roles == nil {
		r.Roles = map[string]Seen{}
	}
	return merge(plainRecord(r), r.unknown)
}

// UnmarshalJSON keeps what this version does not know.
func (s *Seen) UnmarshalJSON(data []byte) error {
	var p plainSeen
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &p.unknown); err != nil {
		return err
	}
	p.as, p.of = p.unknown["verified"], p.Verified
	for _, known := range seenKeys {
		delete(p.unknown, known) // it may be gone when this is written
	}
	*s = Seen(p)
	return nil
}

// MarshalJSON writes that again. A verification that was not replaced is written as it was read.
func (s Seen) MarshalJSON() ([]byte, error) {
	return mergeWith(plainSeen(s), s.unknown, func(all map[string]json.RawMessage) {
		if s.Verified != nil && s.Verified == s.of {
			all["verified"] = s.as
		}
	})
}

var seenKeys = []string{"settings", "arn", "source", "worked", "denied_since", "denied_with", "verified", "checked", "check_failed"}

func merge(known any, unknown map[string]json.RawMessage) ([]byte, error) {
	return mergeWith(known, unknown, func(map[string]json.RawMessage) {})
}

// mergeWith encodes a value with what else there was.
func mergeWith(known any, unknown map[string]json.RawMessage, change func(map[string]json.RawMessage)) ([]byte, error) {
	data, err := json.Marshal(known)
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	for k, v := range unknown {
		all[k] = v
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	change(all)
	return json.Marshal(all)
}
