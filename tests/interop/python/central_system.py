"""A central system by mobilityhouse/ocpp that accepts everything, on a free port.

Usage: central_system.py FIRST_TRANSACTION_ID [PASSWORD]
"""

import asyncio
import itertools
import sys
from datetime import datetime, timezone

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action
from websockets.asyncio.server import basic_auth, serve
from websockets.exceptions import ConnectionClosed

from lines import Wire, obey, payload_of, report, request_of

ACCEPTED = {"status": "Accepted"}


def now():
    return datetime.now(timezone.utc).isoformat()


class Books:
    """What outlives a connection."""

    def __init__(self, first_transaction_id):
        self.transaction_ids = itertools.count(first_transaction_id)
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.point = None


class Point(ChargePoint):
    """The charge point as its central system sees it."""

    def __init__(self, identity, connection, books):
        super().__init__(identity, connection)
        self._books = books

    @on(Action.boot_notification)
    def on_boot(self, **_):
        return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=now())

    @on(Action.status_notification)
    def on_status(self, **_):
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, **_):
        return call_result.Authorize(id_tag_info=ACCEPTED)

    @on(Action.start_transaction)
    async def on_start(self, **_):
        await self._books.may_start.wait()
        return call_result.StartTransaction(
            transaction_id=next(self._books.transaction_ids), id_tag_info=ACCEPTED
        )

    @on(Action.meter_values)
    def on_meter_values(self, **_):
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def on_stop(self, **_):
        return call_result.StopTransaction(id_tag_info=ACCEPTED)


async def main(first_transaction_id, password=None):
    books = Books(int(first_transaction_id))

    async def on_connection(socket):
        identity = socket.request.path.rpartition("/")[2]
        books.point = Point(identity, Wire(socket), books)
        report(type="connected", identity=identity, protocol=socket.subprotocol)
        try:
            await books.point.start()
        except ConnectionClosed as reason:
            report(type="disconnected", reason=repr(reason))

    async def carry_out(command):
        if "hold_starts" in command:
            (books.may_start.clear if command["hold_starts"] else books.may_start.set)()
            return {}
        request = request_of(command["call"], command["payload"])
        return payload_of(await books.point.call(request, suppress=False))

    guard = password and basic_auth(
        "central system", check_credentials=lambda _user, given: given == password
    )
    server = await serve(
        on_connection, "127.0.0.1", 0, subprotocols=["ocpp1.6"], process_request=guard
    )
    report(type="listening", port=server.sockets[0].getsockname()[1])
    await obey(carry_out)
    server.close()


asyncio.run(main(*sys.argv[1:]))
