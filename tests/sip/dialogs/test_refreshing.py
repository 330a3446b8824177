"""Sessions that are refreshed in time, or end (RFC 4028 7.4, 10)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail

from cpmgw.sip.dialogs.interfaces import CallFailed, Ending
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import TransportFailed
from cpmgw.sip.message import Request, Response, respond
from tests.sip.dialogs.parties import (
    ALICE,
    ANSWER,
    BOB,
    OFFER,
    SDP,
    CallTestCase,
    is_request,
)

NO_UPDATE = (("Allow", "INVITE, ACK, CANCEL, BYE"),)


class Refreshing(CallTestCase):
    def begin(self, side: str, seconds: int = 600, *more: tuple[str, str]) -> None:
        """A call whose session is refreshed by one side."""
        asked = ("Session-Expires", f"{seconds};refresher={side}")
        self.connect(headers=(asked, *more))

    def refuse(self, method: str, *answers: Any) -> None:
        """Have Bob's side answer the refreshes so, each in turn; the last for good."""
        given = list(answers)

        async def answer(incoming: Incoming) -> Response:
            each = given.pop(0) if len(given) > 1 else given[0]
            if each is None:
                return await self.bob.calls.within(incoming)
            status, *headers = each if isinstance(each, tuple) else (each,)
            return respond(incoming.request, status, headers=headers)

        self.bob.endpoint.serve(method, answer, in_dialog=True)

    def updates(self) -> list[Request]:
        return self.requests(BOB, "UPDATE")

    def test_by_the_caller(self) -> None:
        """The caller sends an UPDATE at half the interval, and the session goes on."""
        self.begin("uac")
        self.network.advance(299.9)
        self.assertEqual(self.updates(), [])
        self.network.advance(0.2)
        (update,) = self.updates()
        self.assertEqual(update.body, b"")
        self.assertEqual(update.headers.raw("Session-Expires"), ["600;refresher=uac"])
        self.assertEqual(update.headers.all("Supported"), ["timer"])
        self.network.advance(3000)
        self.assertEqual(len(self.updates()), 11)
        self.assertEqual(self.bob.person.changes, [])
        self.hang_up()

    def test_not_sent(self) -> None:
        """A refresh that cannot be sent is tried again, and ends nothing (12.2.1.2)."""
        self.begin("uac")
        request, failures = self.alice.endpoint.request, [0]

        def cannot(asked: Request, **details: Any) -> Deferred[Response]:
            if asked.method == "UPDATE" and failures[0] < 2:
                failures[0] += 1
                return fail(TransportFailed("too many transactions"))
            return request(asked, **details)

        self.patch(self.alice.endpoint, "request", cannot)
        self.network.advance(567.9)
        self.assertEqual((failures, self.alice.person.ends), ([2], []))
        self.assertEqual(len(self.updates()), 1)
        self.network.advance(200)
        self.hang_up()

    def test_reinvite_not_sent(self) -> None:
        """So is a re-INVITE: who asked for it is told, and the call stands."""
        hers, _ = self.connect()
        request = self.alice.endpoint.request

        def cannot(asked: Request, **details: Any) -> Deferred[Response]:
            if asked.method == "INVITE":
                return fail(TransportFailed("nobody there"))
            return request(asked, **details)

        self.patch(self.alice.endpoint, "request", cannot)
        error = self.failureResultOf(hers.reinvite(b"v=0 new"), CallFailed).value
        self.assertEqual((error.status, hers.over), (503, False))
        self.hang_up()

    def test_too_short_again_and_again(self) -> None:
        """One that is too short twice is tried later, with no less than Min-SE.

        The session is refreshed for as long as it lasts (RFC 4028 7.4, 10).
        """
        self.begin("uac")
        asked: list[str] = []

        async def answer(incoming: Incoming) -> Response:
            asked.append(incoming.request.headers.get("Session-Expires") or "")
            shortest = ("Min-SE", str(1000 + len(asked)))
            return respond(incoming.request, 422, headers=(shortest,))

        for method in ("UPDATE", "INVITE"):
            self.bob.endpoint.serve(method, answer, in_dialog=True)
        self.network.advance(300.1)
        told = ["600;refresher=uac", "1001;refresher=uac"]
        self.assertEqual(asked, told)
        self.network.advance(134)
        self.assertEqual(asked[2:], [f"{each};refresher=uac" for each in (1002, 1003)])
        self.network.advance(133)
        self.assertEqual(self.alice.person.ends, [])
        self.assertGreater(len(asked), 6)
        self.bob.endpoint.serve("UPDATE", self.bob._take, in_dialog=True)
        self.network.advance(2)
        self.assertEqual(self.alice.person.how, [Ending.EXPIRED])

    def test_too_short_a_reinvite(self) -> None:
        """A re-INVITE is not sent more than twice for that either."""
        self.bob.answer = lambda call: self.bob.accept(call, NO_UPDATE)
        self.begin("uac")
        self.refuse(
            "INVITE", *[(422, ("Min-SE", str(each))) for each in range(900, 999)]
        )
        self.network.advance(300.1)
        self.assertEqual(len(self.requests(BOB, "INVITE")), 3)
        self.hang_up()

    def test_by_the_callee(self) -> None:
        """Or the callee does."""
        self.begin("uas")
        self.network.advance(1000)
        self.assertEqual(len(self.requests(ALICE, "UPDATE")), 3)
        self.assertEqual(self.updates(), [])
        self.hang_up()

    def test_by_reinvite(self) -> None:
        """A peer that does not allow UPDATE gets a re-INVITE with what holds (7.4)."""
        self.bob.answer = lambda call: self.bob.accept(call, NO_UPDATE)
        self.begin("uac")
        self.network.advance(300.1)
        self.assertEqual(self.updates(), [])
        _, again = self.requests(BOB, "INVITE")
        self.assertEqual((again.body, again.content_type), (OFFER, "application/sdp"))
        self.assertEqual(again.headers.raw("Session-Expires"), ["600;refresher=uac"])
        self.assertEqual(len(self.bob.person.acks), 2)
        self.hang_up()

    def test_update_not_known(self) -> None:
        """A peer that answers 405 or 501 to an UPDATE gets re-INVITEs from then on."""
        for status in (405, 501):
            self.begin("uac")
            self.refuse("UPDATE", status)
            self.network.advance(650)
            self.assertEqual(len(self.updates()), 1)
            self.assertEqual(len(self.requests(BOB, "INVITE")), 3)
            self.hang_up()
            self.tearDown()
            self.setUp()

    def test_expired(self) -> None:
        """Where no refresh comes it ends 32 s before its end, with a BYE (10)."""
        self.begin("uac")
        assert self.alice.call is not None
        self.alice.call.timer.stop()
        self.network.advance(567.9)
        self.assertEqual(self.bob.person.how, [])
        self.network.advance(0.2)
        self.assertEqual(self.bob.person.how, [Ending.EXPIRED])
        self.assertEqual(len(self.requests(ALICE, "BYE")), 1)

    def test_no_answer(self) -> None:
        """A refresh that nobody answers ends the call (10)."""
        self.begin("uac")
        self.network.lose = is_request("UPDATE")
        self.network.advance(332.1)
        (end,) = self.alice.person.ends
        self.assertEqual((end.how, end.status), (Ending.LOST, 408))
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])

    def test_gone(self) -> None:
        """So does a 408 or a 481 (10)."""
        for status in (408, 481):
            self.begin("uac")
            self.refuse("UPDATE", status)
            self.network.advance(300.1)
            (end,) = self.alice.person.ends
            self.assertEqual((end.how, end.status), (Ending.LOST, status))
            self.tearDown()
            self.setUp()

    def test_refused(self) -> None:
        """After another failure it is tried again before the end (10)."""
        self.begin("uac")
        self.refuse("UPDATE", 503, None)
        self.network.advance(434.1)
        self.assertEqual(len(self.updates()), 2)
        self.network.advance(299)
        self.assertFalse(self.alice.person.ends)
        self.hang_up()

    def test_refused_for_ever(self) -> None:
        """If none is accepted the session ends."""
        self.begin("uac")
        self.refuse("UPDATE", 503)
        self.network.advance(568.1)
        self.assertEqual(self.alice.person.how, [Ending.EXPIRED])
        self.assertEqual(self.bob.person.how, [Ending.EXPIRED])

    def test_too_short(self) -> None:
        """A 422 has the refresh sent again, with the interval that it asks for."""
        self.begin("uac")
        self.refuse("UPDATE", (422, ("Min-SE", "900")), None)
        self.network.advance(300.1)
        _, again = self.updates()
        self.assertEqual(again.headers.raw("Min-SE"), ["900"])
        self.assertEqual(again.headers.raw("Session-Expires"), ["900;refresher=uac"])
        self.hang_up()

    def test_turned_off(self) -> None:
        """A refresh that is answered without Session-Expires is the last (7.2)."""
        self.begin("uac")
        self.refuse("UPDATE", 200)
        assert self.bob.call is not None
        self.bob.call.drop()
        self.network.advance(5000)
        self.assertEqual(len(self.updates()), 1)
        self.assertFalse(self.alice.person.ends)
        self.hang_up()

    def test_by_a_change(self) -> None:
        """A re-INVITE for another reason is a refresh as well (7.4)."""
        self.begin("uac")
        self.network.advance(200)
        assert self.alice.call is not None
        self.alice.call.reinvite(b"v=0 new")
        self.network.advance(299.9)
        self.assertEqual(self.updates(), [])
        self.network.advance(0.2)
        self.assertEqual(len(self.updates()), 1)
        self.hang_up()

    def test_too_short_an_invite(self) -> None:
        """An INVITE with too short an interval is 422, and again with a longer one."""
        outgoing = self.alice.invite(
            BOB, headers=(("Session-Expires", "30;refresher=uac"),)
        )
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 422)
        (answer,) = self.responses(ALICE)
        self.assertEqual(answer.headers.raw("Min-SE"), ["90"])

    def test_too_short_a_refresh(self) -> None:
        """So is a change within the call."""
        self.begin("uac")
        assert self.alice.call is not None
        for method in ("INVITE", "UPDATE"):
            short = (("Session-Expires", "30"), ("Supported", "timer"), SDP)
            request = self.alice.call.dialog.request(method, short, b"v=0")
            answer = self.alice.endpoint.request(request)
            self.settle()
            self.assertEqual(self.successResultOf(answer).status, 422)
        self.assertEqual(self.bob.person.changes, [])
        self.hang_up()

    def test_description(self) -> None:
        """What is offered again is what was agreed on last."""
        self.begin("uas")
        assert self.alice.call is not None and self.bob.call is not None
        self.assertEqual(self.alice.call.description, OFFER)
        self.assertEqual(self.bob.call.description, ANSWER)
        self.hang_up()
