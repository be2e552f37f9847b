// How the virtual charger follows a TriggerMessage (OCPP 1.6, section 5.17).

import type { TriggerMessageRequest } from "../ocpp/types.ts";
import type { VirtualCharger } from "./charger.ts";
import type { Connector } from "./connector.ts";

/** What is sent for it, about these connectors; undefined: it has nothing of the kind to send. */
export function triggered(
  charger: VirtualCharger,
  { requestedMessage, connectorId }: TriggerMessageRequest,
  connectors: readonly Connector[],
): (() => void) | undefined {
  switch (requestedMessage) {
    case "BootNotification":
      // An accepted charger boots when it starts, not when it is asked to.
      if (charger.registration.accepted) return undefined;
      return () => void charger.registration.boot();
    case "Heartbeat":
      return () => void charger.tell("Heartbeat", {}, "asked");
    case "StatusNotification":
      if (connectors.length === 0) return undefined;
      return () => {
        if (!connectorId) charger.registration.tellStatus(0);
        if (connectorId === 0) return;
        for (const { id } of connectors) charger.registration.tellStatus(id);
      };
    case "MeterValues":
      if (connectors.length === 0) return undefined;
      // Without a measurand there would be a reading without a value.
      if (charger.settings.measurands("MeterValuesSampledData").length === 0) return undefined;
      return () => connectors.forEach((connector) => tellMeterValues(charger, connector));
    case "FirmwareStatusNotification":
      return () => {
        const status = charger.jobs.firmware;
        void charger.tell("FirmwareStatusNotification", { status }, "asked");
      };
    case "DiagnosticsStatusNotification":
      return () => {
        const status = charger.jobs.diagnostics;
        void charger.tell("DiagnosticsStatusNotification", { status }, "asked");
      };
  }
}

function tellMeterValues(charger: VirtualCharger, connector: Connector): void {
  connector.advance();
  const id = connector.transaction?.id;
  const values = connector.meterValues("Trigger", charger.clock.now());
  if (values.meterValue.every((one) => one.sampledValue.length === 0)) return;
  const transaction = id === undefined ? {} : { transactionId: id };
  void charger.tell("MeterValues", { ...values, ...transaction }, "asked");
}
