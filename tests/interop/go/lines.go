// How the peer talks with the test: JSON lines, commands on standard input, reports on standard output.

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"

	"github.com/lorenzodonini/ocpp-go/ocpp"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/core"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/remotetrigger"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/smartcharging"
)

type event map[string]interface{}

var output sync.Mutex

// report tells the test.
func report(what event) {
	line, err := json.Marshal(what)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

// wireLog finds the frames, and the complaints, in what ocpp-go logs.
type wireLog struct{}

func (wireLog) Debug(...interface{})         {}
func (wireLog) Info(...interface{})          {}
func (wireLog) Infof(string, ...interface{}) {}

func (wireLog) Debugf(format string, values ...interface{}) {
	for beginning, direction := range map[string]string{
		"sent JSON message":     "out",
		"received JSON message": "in",
	} {
		if strings.HasPrefix(format, beginning) {
			report(event{"type": "frame", "direction": direction, "text": values[len(values)-1]})
		}
	}
}

func (wireLog) Error(values ...interface{}) {
	report(event{"type": "problem", "text": fmt.Sprint(values...)})
}

func (wireLog) Errorf(format string, values ...interface{}) {
	report(event{"type": "problem", "text": fmt.Sprintf(format, values...)})
}

type command struct {
	ID         int             `json:"id"`
	Call       string          `json:"call"`
	Payload    json.RawMessage `json:"payload"`
	HoldStarts *bool           `json:"hold_starts"`
}

// request is ocpp-go's request object for the command's payload.
func (wanted command) request() (ocpp.Request, error) {
	for _, profile := range []*ocpp.Profile{core.Profile, remotetrigger.Profile, smartcharging.Profile} {
		feature := profile.GetFeature(wanted.Call)
		if feature == nil {
			continue
		}
		request := reflect.New(feature.GetRequestType()).Interface().(ocpp.Request)
		return request, json.Unmarshal(wanted.Payload, request)
	}
	return nil, fmt.Errorf("%s is not known here", wanted.Call)
}

// answer reports how a command went.
func (wanted command) answer(payload interface{}, err error) {
	var refusal *ocpp.Error
	switch {
	case errors.As(err, &refusal):
		report(event{"type": "answer", "id": wanted.ID, "error": refusal.Code})
	case err != nil:
		report(event{"type": "answer", "id": wanted.ID, "error": err.Error()})
	default:
		report(event{"type": "answer", "id": wanted.ID, "payload": payload})
	}
}

// obey carries out the test's commands until its end of the pipe is closed.
func obey(carryOut func(command)) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var wanted command
		if err := json.Unmarshal(lines.Bytes(), &wanted); err != nil {
			panic(err)
		}
		carryOut(wanted)
	}
}
