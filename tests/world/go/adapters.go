// Go's libraries, behind the fuzz protocol: `adapters consumer donovanhide/eventsource`.
//
// Text goes out in base64, because encoding/json would make a U+FFFD of each byte that is not UTF-8.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strconv"

	donovanhide "github.com/donovanhide/eventsource"
	gin "github.com/gin-contrib/sse"
)

type event struct {
	Data, Event string
	Id          *string
	Retry       *uint64
}

func (e event) id() string {
	if e.Id == nil {
		return ""
	}
	return *e.Id
}

func (e event) name() string {
	if e.Event == "message" {
		return ""
	}
	return e.Event
}

// publication is an event as donovanhide's encoder takes it.
type publication struct{ event }

func (p publication) Id() string    { return p.event.id() }
func (p publication) Event() string { return p.event.name() }
func (p publication) Data() string  { return p.event.Data }

type object map[string]interface{}

func text(members object, name, value string) {
	members[name+"_base64"] = base64.StdEncoding.EncodeToString([]byte(value))
}

// chunks is the body of a response. Both read ahead as far as their buffers go, so when an event came is not told.
type chunks struct{ left [][]byte }

func (c *chunks) Read(buffer []byte) (int, error) {
	for len(c.left) > 0 && len(c.left[0]) == 0 {
		c.left = c.left[1:]
	}
	if len(c.left) == 0 {
		return 0, io.EOF
	}
	n := copy(buffer, c.left[0])
	c.left[0] = c.left[0][n:]
	return n, nil
}

func readDonovanhide(body *chunks) (events []object, err error) {
	decoder := donovanhide.NewDecoder(body)
	for {
		e, err := decoder.Decode()
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		members := object{}
		text(members, "data", e.Data())
		text(members, "event", e.Event())
		text(members, "id", e.Id())
		events = append(events, members)
	}
}

func readGin(body *chunks) (events []object, err error) {
	decoded, err := gin.Decode(body)
	for _, e := range decoded {
		members := object{}
		text(members, "data", e.Data.(string))
		text(members, "event", e.Event)
		text(members, "id", e.Id)
		events = append(events, members)
	}
	return events, err
}

func writeDonovanhide(e event) ([]byte, error) {
	var wire bytes.Buffer
	err := donovanhide.NewEncoder(&wire, false).Encode(publication{e})
	return wire.Bytes(), err
}

func writeGin(e event) ([]byte, error) {
	var wire bytes.Buffer
	retry := uint(0)
	if e.Retry != nil {
		retry = uint(*e.Retry)
	}
	err := gin.Encode(&wire, gin.Event{Event: e.name(), Id: e.id(), Retry: retry, Data: e.Data})
	return wire.Bytes(), err
}

var consumers = map[string]func(*chunks) ([]object, error){
	"donovanhide/eventsource": readDonovanhide,
	"gin-contrib/sse":         readGin,
}

var producers = map[string]func(event) ([]byte, error){
	"donovanhide/eventsource": writeDonovanhide,
	"gin-contrib/sse":         writeGin,
}

// hellos says what each is and can't do; Go's JSON can't hold a lone surrogate.
var hellos = map[string]object{
	"consumer donovanhide/eventsource": {"ids": "own", "without": []string{"retry"}}, // it can't tell 0 from none
	"consumer gin-contrib/sse":         {"ids": "own"},
	"producer donovanhide/eventsource": {"without": []string{"retry", "surrogate"}},
	"producer gin-contrib/sse":         {"without": []string{"surrogate"}},
}

func main() {
	role, name := os.Args[1], os.Args[2]
	input, output := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		var request struct {
			Hello  int
			N      int
			Chunks [][]byte
			Event  struct {
				Data, Event string
				Id          *string
				Retry       *json.Number
			}
		}
		if err := json.Unmarshal(line, &request); err != nil {
			panic(err)
		}
		answer := object{"n": request.N}
		switch {
		case request.Hello != 0:
			answer = object{"hello": 1, "name": name, "role": role}
			for key, value := range hellos[role+" "+name] {
				answer[key] = value
			}
		case role == "consumer":
			events, err := consumers[name](&chunks{left: request.Chunks})
			answer["events"] = append([]object{}, events...)
			if err != nil {
				answer["error"] = err.Error()
			}
		default:
			e := event{Data: request.Event.Data, Event: request.Event.Event, Id: request.Event.Id}
			if request.Event.Retry != nil {
				retry, err := strconv.ParseUint(request.Event.Retry.String(), 10, 64)
				if err != nil { // its type has no such number
					answer["refused"] = err.Error()
					break
				}
				e.Retry = &retry
			}
			wire, err := producers[name](e)
			answer["wire"] = base64.StdEncoding.EncodeToString(wire)
			if err != nil {
				answer = object{"n": request.N, "refused": err.Error()}
			}
		}
		if err := output.Encode(answer); err != nil {
			panic(err)
		}
	}
}
