"""Slack's end of Socket Mode on loopback: one ticket for each connection, a hello, envelopes, and who acknowledged.

https://docs.slack.dev/apis/events-api/using-socket-mode: the address of apps.connections.open works once; every
envelope is to be answered within three seconds; Slack asks for a new connection before it closes one.
"""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.slack_server import SlackServer

WITHIN_S = 10.0


class SlackSocket:
    """The connections of one app; `acknowledged` are the envelopes that it answered."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.connections = 0
        self.tickets: set[str] = set()
        self._open: web.WebSocketResponse | None = None
        self._loop = asyncio.new_event_loop()
        self._changed = threading.Condition()

    async def connect(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket in self.tickets:
            return web.Response(status=408)
        self.tickets.add(ticket)
        socket = web.WebSocketResponse(heartbeat=5.0)
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0ASSAY01"}})
        self._note(connection=socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._note(acknowledged=json.loads(message.data)["envelope_id"])
        return socket

    def press(self, payload: dict[str, Any], kind: str = "interactive") -> str:
        """Send an envelope to the app; returns its id."""
        envelope_id = str(uuid.uuid4())
        self._send({"envelope_id": envelope_id, "type": kind, "accepts_response_payload": False, "payload": payload})
        return envelope_id

    def hang_up(self) -> None:
        """Ask for a new connection, as Slack does every few hours, and close this one."""
        self._send({"type": "disconnect", "reason": "refresh_requested"})

    def wait_for_connection(self, number: int, within_s: float = WITHIN_S) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.connections >= number, within_s)

    def wait_for_acknowledgement(self, envelope_id: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: envelope_id in self.acknowledged, WITHIN_S)

    def _note(self, connection: web.WebSocketResponse | None = None, acknowledged: str = "") -> None:
        with self._changed:
            if connection is not None:
                self._open = connection
                self.connections += 1
            if acknowledged:
                self.acknowledged.append(acknowledged)
            self._changed.notify_all()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._open is not None
        asyncio.run_coroutine_threadsafe(self._open.send_json(message), self._loop).result(WITHIN_S)

    def run(self, ready: threading.Event, ports: list[int]) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_get("/link/", self.connect)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        ports.append(runner.addresses[0][1])
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def socket_mode(slack: SlackServer) -> Iterator[SlackSocket]:
    """Socket Mode switched on for the app, for as long as the block lasts."""
    socket, ready, ports = SlackSocket(), threading.Event(), list[int]()
    thread = threading.Thread(target=socket.run, args=(ready, ports))
    thread.start()
    assert ready.wait(WITHIN_S)
    slack.new_socket_url = lambda: f"ws://127.0.0.1:{ports[0]}/link/?ticket={uuid.uuid4()}&app_id=A0ASSAY01"
    try:
        yield socket
    finally:
        slack.new_socket_url = None
        socket.stop()
        thread.join(WITHIN_S)
