// The central system: accepts everything, on a free port.

package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/lorenzodonini/ocpp-go/ocpp"
	ocpp16 "github.com/lorenzodonini/ocpp-go/ocpp1.6"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/core"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/types"
	"github.com/lorenzodonini/ocpp-go/ws"
)

func runCentralSystem(firstTransactionID int, password string) {
	server := ws.NewServer()
	if password != "" {
		server.SetBasicAuthHandler(func(_, given string) bool { return given == password })
	}
	books := &books{nextTransactionID: int64(firstTransactionID)}
	central := ocpp16.NewCentralSystem(nil, server)
	central.SetCoreHandler(books)
	var identity atomic.Value
	central.SetNewChargePointHandler(func(point ocpp16.ChargePointConnection) {
		identity.Store(point.ID())
		report(event{"type": "connected", "identity": point.ID()})
	})
	go central.Start(0, "/{identity}")
	for server.Addr() == nil {
		time.Sleep(time.Millisecond)
	}
	report(event{"type": "listening", "port": server.Addr().Port})
	obey(func(wanted command) {
		if wanted.HoldStarts != nil {
			books.hold(*wanted.HoldStarts)
			wanted.answer(event{}, nil)
			return
		}
		request, err := wanted.request()
		if err == nil {
			err = central.SendRequestAsync(identity.Load().(string), request, func(confirmation ocpp.Response, err error) {
				wanted.answer(confirmation, err)
			})
		}
		if err != nil {
			wanted.answer(nil, err)
		}
	})
	central.Stop()
}

type books struct {
	nextTransactionID int64
	// Locked while StartTransaction is not answered.
	starts sync.RWMutex
}

// hold keeps StartTransaction unanswered, or lets the answers go; to be called in turns.
func (books *books) hold(starts bool) {
	if starts {
		books.starts.Lock()
	} else {
		books.starts.Unlock()
	}
}

func accepted() *types.IdTagInfo {
	return types.NewIdTagInfo(types.AuthorizationStatusAccepted)
}

func (*books) OnBootNotification(string, *core.BootNotificationRequest) (*core.BootNotificationConfirmation, error) {
	return core.NewBootNotificationConfirmation(types.Now(), 300, core.RegistrationStatusAccepted), nil
}

func (*books) OnHeartbeat(string, *core.HeartbeatRequest) (*core.HeartbeatConfirmation, error) {
	return core.NewHeartbeatConfirmation(types.Now()), nil
}

func (*books) OnStatusNotification(string, *core.StatusNotificationRequest) (*core.StatusNotificationConfirmation, error) {
	return core.NewStatusNotificationConfirmation(), nil
}

func (*books) OnAuthorize(string, *core.AuthorizeRequest) (*core.AuthorizeConfirmation, error) {
	return core.NewAuthorizationConfirmation(accepted()), nil
}

func (books *books) OnStartTransaction(string, *core.StartTransactionRequest) (*core.StartTransactionConfirmation, error) {
	books.starts.RLock()
	defer books.starts.RUnlock()
	id := atomic.AddInt64(&books.nextTransactionID, 1) - 1
	return core.NewStartTransactionConfirmation(accepted(), int(id)), nil
}

func (*books) OnMeterValues(string, *core.MeterValuesRequest) (*core.MeterValuesConfirmation, error) {
	return core.NewMeterValuesConfirmation(), nil
}

func (*books) OnStopTransaction(string, *core.StopTransactionRequest) (*core.StopTransactionConfirmation, error) {
	confirmation := core.NewStopTransactionConfirmation()
	confirmation.IdTagInfo = accepted()
	return confirmation, nil
}

func (*books) OnDataTransfer(string, *core.DataTransferRequest) (*core.DataTransferConfirmation, error) {
	return core.NewDataTransferConfirmation(core.DataTransferStatusUnknownVendorId), nil
}
