"""A house with an IWF on another host, as the tests of forwarding need it."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from tests.flows.dialog import RemoteIwf
from tests.flows.house import House

MMS = """
[[iwf]]
name = "mms"
service = "MMS"
uri = "sip:127.0.0.1:5080"
"""


class Remote(House):
    """A house with an MMS IWF on another host beside its own SMS.

    `at_core` are the requests that reach the core; the Participating Function is there.
    """

    more = MMS

    def setUp(self) -> None:
        self.answers: list[Response] = []
        super().setUp()
        self.iwf = self.start_iwf(5080, "mms")
        self.at_core: list[Incoming] = []
        for method in ("INVITE", "ACK", "BYE", "INFO"):
            self.lab.endpoint.serve(method, self._at_core, in_dialog=True)

    def start_iwf(self, port: int, name: str) -> RemoteIwf:
        """Start another IWF."""
        iwf = RemoteIwf(self.network, port, name)
        iwf.endpoint.startService()
        self.addCleanup(self._stop, iwf.endpoint)
        return iwf

    async def _at_core(self, incoming: Incoming) -> Response:
        self.at_core.append(incoming)
        return respond(incoming.request, 200)

    def pending(self, request: Request, **how: Any) -> Deferred[Response]:
        """Send a request from the Participating Function, and do not wait."""
        answer = self.lab.endpoint.request(request, **how)
        self.settle()
        return answer

    def answer(self, request: Request, **how: Any) -> Response:
        """Send a request from the Participating Function; the final response."""
        response: Response = self.successResultOf(self.pending(request, **how))
        return response

    def acknowledge(self, ack: Request) -> None:
        """Send an ACK from the Participating Function."""
        self.lab.endpoint.acknowledge(ack)
        self.settle()
