"""How a peer talks with the test: JSON lines, commands on standard input, reports on standard output."""

import asyncio
import json
import logging
import sys

from ocpp.charge_point import (
    camel_to_snake_case,
    remove_nones,
    serialize_as_dict,
    snake_to_camel_case,
)
from ocpp.exceptions import OCPPError
from ocpp.v16 import call as calls


def report(**event):
    """Tells the test."""
    print(json.dumps(event), flush=True)


class Problems(logging.Handler):
    """Whatever the library holds against a frame reaches the test."""

    def emit(self, record):
        error = record.exc_info[1] if record.exc_info else None
        report(type="problem", text=f"{record.getMessage()} {error or ''}".strip())


logging.getLogger("ocpp").addHandler(Problems(level=logging.ERROR))


class Wire:
    """A WebSocket that reports every frame, in the shape in which the library uses one."""

    def __init__(self, socket):
        self._socket = socket

    async def recv(self):
        text = await self._socket.recv()
        report(type="frame", direction="in", text=text)
        return text

    async def send(self, text):
        report(type="frame", direction="out", text=text)
        await self._socket.send(text)


def request_of(action, payload):
    """The library's request object for a payload with OCPP's names."""
    return getattr(calls, action)(**camel_to_snake_case(payload))


def payload_of(confirmation):
    """The payload, with OCPP's names, that the library made a confirmation of."""
    return snake_to_camel_case(remove_nones(serialize_as_dict(confirmation)))


async def obey(carry_out):
    """Carries out the test's commands, side by side, until its end of the pipe is closed."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()
    while line := await reader.readline():
        task = asyncio.create_task(_answer(carry_out, json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)
    for task in running:
        task.cancel()


async def _answer(carry_out, command):
    try:
        report(type="answer", id=command["id"], payload=await carry_out(command))
    except OCPPError as error:
        report(type="answer", id=command["id"], error=error.code)
    except Exception as error:
        report(type="answer", id=command["id"], error=repr(error))
