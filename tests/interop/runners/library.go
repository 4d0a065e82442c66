// Package sse reads and writes event streams: small, slow and right. It is what the runners of docs/vectors.md test here.
package sse

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Event is an event as EventSource dispatches it, with the block's own id and retry; nil: it has none.
type Event struct {
	Type, Data, LastEventID string
	ID                      *string
	Retry                   *int
}

// Parser makes events of the bytes of one stream.
type Parser struct {
	started, afterCR  bool
	start, line       []byte
	data              []string
	kind, lastEventID string
	id                *string
	retry             *int
}

// NewParser returns a parser of a new stream.
func NewParser() *Parser { return &Parser{} }

// Feed takes the next bytes and returns the events that they complete.
func (p *Parser) Feed(chunk []byte) (events []Event) {
	if !p.started {
		// One byte order mark at the start is dropped, however it is cut.
		bom := []byte("\xef\xbb\xbf")
		p.start = append(p.start, chunk...)
		if len(p.start) < len(bom) && bytes.HasPrefix(bom, p.start) {
			return nil
		}
		p.started = true
		chunk = bytes.TrimPrefix(p.start, bom)
	}
	for _, b := range chunk {
		restOfCRLF := b == '\n' && p.afterCR
		p.afterCR = b == '\r'
		switch {
		case restOfCRLF:
		case b != '\n' && b != '\r':
			p.line = append(p.line, b)
		case len(p.line) == 0:
			events = append(events, p.dispatch()...)
		default:
			p.field(decode(p.line))
			p.line = p.line[:0]
		}
	}
	return events
}

func (p *Parser) field(line string) {
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "data":
		p.data = append(p.data, value)
	case "event":
		p.kind = value
	case "id":
		if !strings.Contains(value, "\x00") {
			p.id = &value
		}
	case "retry":
		if value != "" && strings.Trim(value, "0123456789") == "" {
			if number, err := strconv.Atoi(value); err == nil {
				p.retry = &number
			}
		}
	}
}

func (p *Parser) dispatch() (events []Event) {
	if p.id != nil {
		p.lastEventID = *p.id
	}
	if p.data != nil {
		kind := p.kind
		if kind == "" {
			kind = "message"
		}
		events = []Event{{kind, strings.Join(p.data, "\n"), p.lastEventID, p.id, p.retry}}
	}
	p.data, p.kind, p.id, p.retry = nil, "", nil, nil
	return events
}

// decode replaces what is not UTF-8 as the Encoding Standard says: each maximal subpart by one U+FFFD. Go's own
// conversions replace each byte.
func decode(line []byte) string {
	var text strings.Builder
	for len(line) > 0 {
		character, size := utf8.DecodeRune(line)
		if character == utf8.RuneError && size == 1 {
			for start := 2; start < 4 && start <= len(line); start++ {
				if !utf8.FullRune(line[:start]) {
					size = start
				}
			}
		}
		text.WriteRune(character)
		line = line[size:]
	}
	return text.String()
}

// Encode returns the bytes of an event, or an error if it can't be sent.
func Encode(event Event) ([]byte, error) {
	var block strings.Builder
	if event.ID != nil {
		if strings.ContainsAny(*event.ID, "\r\n\x00") {
			return nil, errors.New("id has a line end or U+0000")
		}
		block.WriteString("id: " + *event.ID + "\n")
	}
	if event.Type != "message" {
		if event.Type == "" || strings.ContainsAny(event.Type, "\r\n") {
			return nil, errors.New("type is empty or has a line end")
		}
		block.WriteString("event: " + event.Type + "\n")
	}
	if event.Retry != nil {
		if *event.Retry < 0 {
			return nil, errors.New("retry is negative")
		}
		block.WriteString("retry: " + strconv.Itoa(*event.Retry) + "\n")
	}
	for _, line := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(event.Data), "\n") {
		block.WriteString("data: " + line + "\n")
	}
	return []byte(block.String() + "\n"), nil
}
