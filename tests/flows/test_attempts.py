"""TS 5.1 steps 10 to 14: an INVITE that one IWF refuses, and what is in its dialog."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.interfaces import CallSettings, End, Ending
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Response, respond
from tests.flows.dialog import RemoteIwf, invite, within
from tests.flows.house import ALICE, BOB
from tests.flows.test_own_dialogs import CallingHouse, CallingService
from tests.isf.services import Factory
from tests.sip.messages import read

SDP = ("Content-Type", "application/sdp")
CONTACT = ("Contact", "<sip:pf@127.0.0.1:5070>")


class RefusingService(CallingService):
    """A service that rings and then refuses, or fails."""

    accepts = False

    async def invite(self, incoming: Incoming) -> Response:
        """Ring, and refuse with 480; or accept, and fail."""
        contact = f"<{self.network.contact(incoming.peer.transport)}>"
        call = self.calls.incoming(incoming, contact)
        if self.accepts:
            call.accept(self.person, body=b"v=0 answer")
            raise ValueError("no")
        call.ring()
        return respond(incoming.request, 480)


class SlowService(CallingService):
    """A service whose user has to be asked first."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked: Deferred[None] = Deferred()

    async def invite(self, incoming: Incoming) -> Response:
        """Ring until there is an answer."""
        contact = f"<{self.network.contact(incoming.peer.transport)}>"
        call = self.calls.incoming(incoming, contact)
        call.ring()
        await self.asked
        _, response = call.accept(self.person, body=b"v=0 second")
        return response


class Refused(CallingHouse):
    """The first of two services refuses, and the second is tried (step 11 c)."""

    policy = 'selection.reselection = "always"'
    more = """
[[iwf]]
name = "elsewhere"
service = "e-mail"
uri = "sip:127.0.0.1:5999"
"""

    def setUp(self) -> None:
        self.second = SlowService("MMS")
        super().setUp()
        network = self.gateway.network
        self.second.network = network
        self.second.calls = Calls(network, self.network, CallSettings())
        self.pending = self.lab.endpoint.request(invite(ALICE, BOB), timeout=1000)
        self.settle()

    def factories(self) -> Sequence[Any]:
        """Two services that take sessions, the first of which refuses."""
        self.service = RefusingService()
        return (Factory("SMS", self.service), Factory("MMS", self.second))

    def tearDown(self) -> None:
        """Neither has a call left."""
        super().tearDown()
        self.assertEqual(len(self.second.calls), 0)
        self.assertEqual(self.second.calls.timers, 0)

    def rings(self) -> int:
        """How often the Participating Function was told that it rings."""
        answers = [
            read(each.octets)
            for each in self.network.datagrams
            if each.source[1] == 5060
        ]
        return sum(isinstance(a, Response) and a.status == 180 for a in answers)

    def test_rings_no_more(self) -> None:
        """Who has refused is not what goes on ringing, and keeps no call."""
        self.assertEqual((len(self.service.calls), self.service.calls.timers), (0, 0))
        self.assertEqual(self.rings(), 2)
        self.network.advance(130)
        self.assertEqual(self.rings(), 4)
        self.lab.endpoint.cancel(self.pending)
        self.settle()
        self.assertEqual(self.successResultOf(self.pending).status, 487)

    def test_accepted_by_the_second(self) -> None:
        """The second one's call is none of the first."""
        self.second.asked.callback(None)
        self.settle()
        answer = self.successResultOf(self.pending)
        self.assertEqual((answer.status, answer.body), (200, b"v=0 second"))
        self.assertEqual((len(self.service.calls), len(self.second.calls)), (0, 1))
        bye = within("BYE", invite(ALICE, BOB), answer, 2)
        self.assertEqual(self.ask(bye).status, 200)


class RefusedBeforeAnother(CallingHouse):
    """The service here refuses, and one on another host rings then."""

    policy = 'selection.reselection = "always"'

    def factories(self) -> Sequence[Any]:
        """The service that refuses."""
        self.service = RefusingService()
        return (Factory("SMS", self.service),)

    def setUp(self) -> None:
        super().setUp()
        self.remote = RemoteIwf(self.network, 5999)
        self.remote.endpoint.startService()
        self.addCleanup(self._stop, self.remote.endpoint)
        self.ended: Deferred[None] = Deferred()
        self.remote.answer = lambda incoming: Deferred.fromCoroutine(
            self._ring(incoming)
        )

    async def _ring(self, incoming: Incoming) -> Response:
        incoming.leg.when_cancelled(lambda: self.ended.callback(None))
        incoming.leg.send_provisional(self.remote.response(incoming.request, 180))
        await self.ended
        return self.remote.response(incoming.request, 487)

    def test_rings_no_more(self) -> None:
        """Who has refused rings no more meanwhile, and keeps no call."""
        seen: list[int] = []
        pending = self.lab.endpoint.request(
            invite(ALICE, BOB),
            timeout=1000,
            progress=lambda response: seen.append(response.status),
        )
        self.settle()
        self.assertEqual(len(self.remote.received), 1)
        self.assertEqual((len(self.service.calls), self.service.calls.timers), (0, 0))
        self.network.advance(130)
        self.assertEqual(seen.count(180), 2)
        self.lab.endpoint.cancel(pending)
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)


class Failing(Refused):
    """Or the first has accepted, and fails then."""

    def factories(self) -> Sequence[Any]:
        """Two services, the first of which fails."""
        made = super().factories()
        assert isinstance(self.service, RefusingService)
        self.service.accepts = True
        return made

    def test_rings_no_more(self) -> None:
        """Its call is over, without a BYE, as nobody has heard of it."""
        self.assertEqual(self.service.person.ends, [End(Ending.LOST, None, 500)])
        self.assertEqual(self.successResultOf(self.pending).status, 500)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.network.advance(40)
        self.assertEqual(self.received, [])

    def test_accepted_by_the_second(self) -> None:
        """An error of ours is no reason to try another (step 11 a)."""
        self.assertEqual(len(self.second.calls), 0)
        self.successResultOf(self.pending)
        self.flushLoggedErrors(ValueError)


class ForTheSender(CallingHouse):
    """What the sender can mend is not another IWF's (step 11 a)."""

    policy = 'selection.reselection = "always"'

    def check(self, status: int, *fields: tuple[str, str]) -> Response:
        first = invite(ALICE, BOB)
        headers = first.headers
        for name, value in fields:
            headers = headers.with_added(name, value)
        answer = self.ask(first.replace(headers=headers))
        self.assertEqual(answer.status, status)
        return answer

    def test_interval(self) -> None:
        """A 422 goes back with its Min-SE (RFC 4028 7.3)."""
        answer = self.check(422, ("Supported", "timer"), ("Session-Expires", "30"))
        self.assertEqual(answer.headers.raw("Min-SE"), ["90"])

    def test_extension(self) -> None:
        """A 420 goes back with what is not supported (RFC 3261 21.4.15)."""
        answer = self.check(420, ("Require", "answermode"))
        self.assertEqual(answer.headers.raw("Unsupported"), ["answermode"])


class WithinDialogs(CallingHouse):
    """What is checked outside of dialogs is in them as well (RFC 3261 8.2, 12.2.2)."""

    def setUp(self) -> None:
        super().setUp()
        self.first = invite(ALICE, BOB)
        self.answer = self.ask(self.first)
        self.number = 1
        self.acknowledge()

    def acknowledge(self) -> None:
        ack = within("ACK", self.first, self.answer, self.number)
        self.lab.endpoint.acknowledge(ack)
        self.settle()

    def follow(
        self, method: str, *fields: tuple[str, str], body: bytes = b""
    ) -> Response:
        """The answer to a request in the dialog."""
        self.number += 1
        request = within(method, self.first, self.answer, self.number)
        headers = request.headers
        for name, value in (CONTACT, *fields):
            headers = headers.with_added(name, value)
        return self.ask(request.replace(headers=headers, body=body))

    def hang_up(self) -> None:
        """The call ends."""
        self.assertEqual(self.follow("BYE").status, 200)

    def test_extension(self) -> None:
        """420 for an extension that is required and not known (8.2.2.3)."""
        for method in ("INVITE", "UPDATE", "BYE", "INFO"):
            answer = self.follow(method, ("Require", "foo"))
            self.assertEqual(answer.status, 420, method)
            self.assertEqual(answer.headers.raw("Unsupported"), ["foo"])
        self.assertEqual(self.service.followed, [])
        self.hang_up()

    def test_encoding(self) -> None:
        """An offer is read without its Content-Encoding (8.2.3)."""
        packed = zlib.compress(b"v=0 packed")
        coding = ("Content-Encoding", "deflate")
        answer = self.follow("UPDATE", SDP, coding, body=packed)
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.service.person.changes[0].body, b"v=0 packed")
        self.hang_up()

    def test_other_encoding(self) -> None:
        """415 for one that is not known, with what is."""
        coding = ("Content-Encoding", "br")
        answer = self.follow("INVITE", SDP, coding, body=b"v=0")
        self.assertEqual(answer.status, 415)
        self.assertIn("gzip", answer.headers.all("Accept-Encoding"))
        self.assertEqual(self.service.person.changes, [])
        self.hang_up()
