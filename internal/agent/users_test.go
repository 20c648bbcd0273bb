package agent_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

// order is one thing that a process of another user is to do; what came of it is a result. Both are lines of JSON.
type order struct {
	Role string       // a credentials request
	Do   *api.Request // or a management request
	Deaf bool         // nothing of its reply is read
	Hold int          // or connections to keep open, without a request: the daemon ends them after 5 s
}

type result struct {
	KeyID, Session string
	Code           ipc.Code
	Error, Hint    string
	Out            json.RawMessage
	Events         []api.Event
	Asked          int // questions
}

// beUser is the process: it asks the daemon at path what it is told to.
func beUser(path string) int {
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	var held []net.Conn
	for in.Scan() {
		var o order
		if err := json.Unmarshal(in.Bytes(), &o); err != nil {
			return 1
		}
		r := result{}
		for _, c := range held {
			if o.Hold > 0 {
				c.Close()
			}
		}
		for range o.Hold {
			if c, err := net.Dial("unix", path); err == nil {
				held = append(held, c)
			}
		}
		if o.Deaf {
			c, err := net.Dial("unix", path)
			if err != nil {
				return 1
			}
			c.Write(o.frame())
			held = append(held, c)
		} else if o.Role != "" || o.Do != nil {
			r = o.ask(path)
		}
		if err := out.Encode(r); err != nil {
			return 1
		}
	}
	for _, c := range held {
		c.Close()
	}
	return 0
}

func (o order) frame() []byte {
	if o.Do == nil {
		return ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, o.Role))
	}
	body, err := json.Marshal(o.Do)
	if err != nil {
		panic(err) // of plain texts
	}
	return ipc.Append(nil, ipc.KindManage, ipc.AppendManage(nil, body))
}

func (o order) ask(path string) (r result) {
	c, err := net.Dial("unix", path)
	if err != nil {
		return result{Error: err.Error()}
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	c.Write(o.frame())
	for {
		kind, payload, err := ipc.Read(c, ipc.MaxManaged)
		if err != nil {
			return result{Error: err.Error()}
		}
		switch kind {
		case ipc.KindQuestion: // it would answer
			r.Asked++
			c.Write(ipc.Append(nil, ipc.KindAnswer, ipc.AppendAnswer(nil, ipc.Answer{Text: right})))
		case ipc.KindEvent:
			var e api.Event
			json.Unmarshal(payload, &e)
			r.Events = append(r.Events, e)
		case ipc.KindError:
			e, err := ipc.ParseError(payload)
			if err != nil {
				return result{Error: err.Error()}
			}
			r.Code, r.Error, r.Hint = e.Code, e.Message, e.Hint
			return r
		case ipc.KindDocument:
			var doc struct {
				AccessKeyID  string `json:"AccessKeyId"`
				SessionToken string
			}
			json.Unmarshal(payload, &doc)
			r.KeyID, r.Session = doc.AccessKeyID, doc.SessionToken
			return r
		default:
			r.Out = payload
			return r
		}
	}
}

func (r result) String() string { return fmt.Sprintf("%d %s | %s", r.Code, r.Error, r.Hint) }
