// As with the releases of Go that ocpp-go was written for, in which the message ids of every
// program began with the same number: both sides of the proxy then use the same ids.
//
//go:debug randautoseed=0

// A charge point, or a central system, by ocpp-go, that does what the test says.
//
// Usage: ocpp_go_peer charge_point URL IDENTITY
//
//	ocpp_go_peer central_system FIRST_TRANSACTION_ID [PASSWORD]
package main

import (
	"os"
	"strconv"

	"github.com/lorenzodonini/ocpp-go/ocppj"
)

func main() {
	ocppj.SetLogger(wireLog{})
	arguments := append(os.Args[1:], "", "", "")
	switch arguments[0] {
	case "charge_point":
		runChargePoint(arguments[1], arguments[2])
	case "central_system":
		firstTransactionID, err := strconv.Atoi(arguments[1])
		if err != nil {
			panic(err)
		}
		runCentralSystem(firstTransactionID, arguments[2])
	default:
		panic("the first argument is charge_point or central_system")
	}
}
