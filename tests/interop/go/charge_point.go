// The charge point: how the central system's commands are answered, and what the test has it send.

package main

import (
	"sync"

	ocpp16 "github.com/lorenzodonini/ocpp-go/ocpp1.6"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/core"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/remotetrigger"
	"github.com/lorenzodonini/ocpp-go/ocpp1.6/types"
)

func runChargePoint(url, identity string) {
	charger := ocpp16.NewChargePoint(identity, nil, nil)
	charger.SetCoreHandler(charge{})
	charger.SetRemoteTriggerHandler(charge{})
	if err := charger.Start(url); err != nil {
		panic(err)
	}
	report(event{"type": "connected"})
	var oneAtATime sync.Mutex
	obey(func(wanted command) {
		request, err := wanted.request()
		if err != nil {
			wanted.answer(nil, err)
			return
		}
		go func() {
			oneAtATime.Lock()
			defer oneAtATime.Unlock()
			wanted.answer(charger.SendRequest(request))
		}()
	})
	charger.Stop()
}

var settings = map[string]core.ConfigurationKey{
	"NumberOfConnectors": setting("NumberOfConnectors", true, "1"),
	"HeartbeatInterval":  setting("HeartbeatInterval", false, "300"),
}

func setting(key string, readOnly bool, value string) core.ConfigurationKey {
	return core.ConfigurationKey{Key: key, Readonly: readOnly, Value: &value}
}

type charge struct{}

func (charge) OnRemoteStartTransaction(*core.RemoteStartTransactionRequest) (*core.RemoteStartTransactionConfirmation, error) {
	return core.NewRemoteStartTransactionConfirmation(types.RemoteStartStopStatusAccepted), nil
}

func (charge) OnRemoteStopTransaction(*core.RemoteStopTransactionRequest) (*core.RemoteStopTransactionConfirmation, error) {
	return core.NewRemoteStopTransactionConfirmation(types.RemoteStartStopStatusAccepted), nil
}

func (charge) OnTriggerMessage(*remotetrigger.TriggerMessageRequest) (*remotetrigger.TriggerMessageConfirmation, error) {
	return remotetrigger.NewTriggerMessageConfirmation(remotetrigger.TriggerMessageStatusAccepted), nil
}

func (charge) OnGetConfiguration(request *core.GetConfigurationRequest) (*core.GetConfigurationConfirmation, error) {
	wanted := request.Key
	if len(wanted) == 0 {
		for key := range settings {
			wanted = append(wanted, key)
		}
	}
	confirmation := core.NewGetConfigurationConfirmation(nil)
	for _, key := range wanted {
		if known, ok := settings[key]; ok {
			confirmation.ConfigurationKey = append(confirmation.ConfigurationKey, known)
		} else {
			confirmation.UnknownKey = append(confirmation.UnknownKey, key)
		}
	}
	return confirmation, nil
}

func (charge) OnChangeAvailability(*core.ChangeAvailabilityRequest) (*core.ChangeAvailabilityConfirmation, error) {
	return core.NewChangeAvailabilityConfirmation(core.AvailabilityStatusRejected), nil
}

func (charge) OnChangeConfiguration(*core.ChangeConfigurationRequest) (*core.ChangeConfigurationConfirmation, error) {
	return core.NewChangeConfigurationConfirmation(core.ConfigurationStatusNotSupported), nil
}

func (charge) OnClearCache(*core.ClearCacheRequest) (*core.ClearCacheConfirmation, error) {
	return core.NewClearCacheConfirmation(core.ClearCacheStatusRejected), nil
}

func (charge) OnDataTransfer(*core.DataTransferRequest) (*core.DataTransferConfirmation, error) {
	return core.NewDataTransferConfirmation(core.DataTransferStatusUnknownVendorId), nil
}

func (charge) OnReset(*core.ResetRequest) (*core.ResetConfirmation, error) {
	return core.NewResetConfirmation(core.ResetStatusRejected), nil
}

func (charge) OnUnlockConnector(*core.UnlockConnectorRequest) (*core.UnlockConnectorConfirmation, error) {
	return core.NewUnlockConnectorConfirmation(core.UnlockStatusNotSupported), nil
}
