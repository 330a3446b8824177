"""Answers to an INVITE of ours that make no dialog, and who else claims to have one."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from cpmgw.sip.dialogs.dialog import MOST_ROUTES
from cpmgw.sip.dialogs.outgoing import MOST_FORKS
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.fields import NameAddr
from cpmgw.sip.message import Response, originate, respond
from cpmgw.sip.uri import parse_uri
from tests.sip.dialogs.parties import ALICE, BOB, CallTestCase

CONTACT = ("Contact", "<sip:party@127.0.0.1:5080>")


class Unusable(CallTestCase):
    """A 2xx that can make no dialog (12.1.2) has its ACK, and a BYE (13.2.2.4)."""

    def answer(self, *fields: tuple[str, str]) -> None:
        """Have Bob's side accept with these header fields, and take a BYE."""

        async def accept(incoming: Incoming) -> Response:
            return respond(incoming.request, 200, headers=fields)

        async def hang_up(incoming: Incoming) -> Response:
            return respond(incoming.request, 200)

        self.bob.endpoint.serve("INVITE", accept, in_dialog=True)
        self.bob.endpoint.serve("BYE", hang_up, in_dialog=True)

    def check(self) -> None:
        outgoing = self.alice.invite(BOB)
        self.settle()
        self.assertEqual(self.failure(outgoing).status, 502)
        for method in ("ACK", "BYE"):
            (request,) = self.requests(BOB, method)
            self.assertEqual(str(request.uri), f"sip:party@127.0.0.1:{BOB}")
            self.assertEqual(request.headers.raw("Route"), [])
        self.assertEqual(self.alice.person.ends, [])

    def test_contact(self) -> None:
        """With a Contact that is none to send to, they go where the INVITE went."""
        self.answer(("Contact", "<tel:+15145550001>"))
        self.check()

    def test_routes(self) -> None:
        """A route set that is too much is not followed."""
        route = ("Record-Route", f"<sip:127.0.0.1:{BOB};lr>")
        self.answer(CONTACT, *[route] * (MOST_ROUTES + 1))
        self.check()

    def test_repeated(self) -> None:
        """When it comes again there is another ACK, and no other BYE."""
        self.answer(("Contact", "<tel:+15145550001>"))
        self.check()
        (octets,) = self.octets_of(ALICE, 200)
        flow = self.bob.endpoint._stack.listeners.udp_flow("127.0.0.1", ALICE)
        assert flow is not None
        flow.send(octets)
        self.settle()
        self.assertEqual(len(self.requests(BOB, "ACK")), 2)
        self.assertEqual(len(self.requests(BOB, "BYE")), 1)


class Strangers(CallTestCase):
    """What comes before our INVITE has its answer."""

    def update(self, tag: str) -> int:
        """The status of an UPDATE with a From tag."""
        invite = self.bob.incoming[0].request
        request = originate(
            "UPDATE",
            parse_uri(f"sip:party@127.0.0.1:{ALICE}"),
            from_=NameAddr(parse_uri("sip:x@example.com")).with_parameter("tag", tag),
            to=NameAddr(parse_uri("sip:alice@example.com")).with_parameter("tag", "a"),
            call_id=invite.call_id,
            headers=(CONTACT,),
        )
        answer = self.bob.endpoint.request(request)
        self.settle()
        return self.successResultOf(answer).status

    def test_stranger(self) -> None:
        """Only who has answered provisionally has an early dialog with us (12.1)."""
        self.bob.answer = self.bob.ring
        outgoing = self.alice.invite(BOB)
        self.settle()
        tag = self.responses(ALICE)[-1].to.tag or ""
        self.assertEqual(self.update("stranger"), 481)
        self.assertEqual(self.update(tag), 200)
        outgoing.cancel()
        self.settle()
        self.failure(outgoing)

    def test_most(self) -> None:
        """So many are known, and no more."""

        async def ring(incoming: Incoming) -> Response:
            for number in range(MOST_FORKS + 1):
                ringing = respond(incoming.request, 180, to_tag=f"fork{number}")
                incoming.leg.send_provisional(ringing)
            self.bob.calls.incoming(incoming, self.bob.contact)
            await Deferred()
            raise AssertionError

        self.bob.endpoint.serve("INVITE", ring, in_dialog=True)
        outgoing = self.alice.invite(BOB)
        self.settle()
        early = outgoing._early
        self.assertEqual(early, {f"fork{each}" for each in range(MOST_FORKS)})
        outgoing.cancel()
        self.settle()
        self.failure(outgoing)
