"""A client as the first ocpp-proxy had them: plain JSON, no subprotocol, no token.

Usage: json_client.py URL
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from lines import Wire, obey, report


async def listen(wire):
    try:
        while True:
            await wire.recv()
    except ConnectionClosed as reason:
        report(type="disconnected", reason=repr(reason))


async def main(url):
    async with connect(url) as socket:
        wire = Wire(socket)
        report(type="connected", protocol=socket.subprotocol)
        listening = asyncio.create_task(listen(wire))

        async def carry_out(command):
            await wire.send(json.dumps(command["send"]))
            return {}

        await obey(carry_out)
        listening.cancel()


asyncio.run(main(*sys.argv[1:]))
