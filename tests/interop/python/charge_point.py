"""A charge point by mobilityhouse/ocpp: sends what the test says, and repeats it until it is answered.

Usage: charge_point.py URL IDENTITY
"""

import asyncio
import sys

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from lines import Wire, obey, payload_of, report, request_of

RETRY_S = 0.1
CONFIGURATION = {"NumberOfConnectors": "1", "HeartbeatInterval": "300"}
READ_ONLY = {"NumberOfConnectors"}


class Charger(ChargePoint):
    """How the central system's commands are answered."""

    @on(Action.remote_start_transaction)
    def on_remote_start(self, **_):
        return call_result.RemoteStartTransaction(status="Accepted")

    @on(Action.remote_stop_transaction)
    def on_remote_stop(self, **_):
        return call_result.RemoteStopTransaction(status="Accepted")

    @on(Action.trigger_message)
    def on_trigger_message(self, **_):
        return call_result.TriggerMessage(status="Accepted")

    @on(Action.set_charging_profile)
    def on_set_charging_profile(self, **_):
        return call_result.SetChargingProfile(status="Accepted")

    @on(Action.clear_charging_profile)
    def on_clear_charging_profile(self, **_):
        return call_result.ClearChargingProfile(status="Accepted")

    @on(Action.get_configuration)
    def on_get_configuration(self, key=None, **_):
        wanted = key or list(CONFIGURATION)
        return call_result.GetConfiguration(
            configuration_key=[
                {"key": name, "readonly": name in READ_ONLY, "value": CONFIGURATION[name]}
                for name in wanted
                if name in CONFIGURATION
            ],
            unknown_key=[name for name in wanted if name not in CONFIGURATION],
        )


class Line:
    """The connection to the central system, made again whenever it breaks."""

    def __init__(self, url, identity):
        self._url = url
        self._identity = identity
        self._one_at_a_time = asyncio.Lock()
        self._present = asyncio.get_running_loop().create_future()

    async def keep(self):
        while True:
            try:
                url = f"{self._url}/{self._identity}"
                async with connect(url, subprotocols=["ocpp1.6"]) as socket:
                    await self._serve(socket)
            except (OSError, WebSocketException):
                pass
            await asyncio.sleep(RETRY_S)

    async def _serve(self, socket):
        charger = Charger(self._identity, Wire(socket))
        serving = asyncio.create_task(charger.start())
        self._present.set_result((charger, serving))
        report(type="connected", protocol=socket.subprotocol)
        await asyncio.wait({serving})
        self._present = asyncio.get_running_loop().create_future()
        report(type="disconnected", reason=repr(serving.exception()))

    async def call(self, request):
        """Returns the confirmation, over as many connections as it takes."""
        async with self._one_at_a_time:
            while True:
                charger, serving = await asyncio.shield(self._present)
                answering = asyncio.create_task(charger.call(request, suppress=False))
                await asyncio.wait({answering, serving}, return_when=asyncio.FIRST_COMPLETED)
                if not answering.done():
                    answering.cancel()
                    continue
                try:
                    return answering.result()
                except ConnectionClosed:
                    continue


async def main(url, identity):
    line = Line(url, identity)
    keeping = asyncio.create_task(line.keep())

    async def carry_out(command):
        return payload_of(await line.call(request_of(command["call"], command["payload"])))

    await obey(carry_out)
    keeping.cancel()


asyncio.run(main(*sys.argv[1:]))
