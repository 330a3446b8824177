"""TS 5.1 step 14: the dialogs of an IWF in the same process, whoever began them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature, tag
from cpmgw.cpm.headers import IW_NUMBER
from cpmgw.interfaces import ICpmNetwork
from cpmgw.sip.dialogs.call import Call
from cpmgw.sip.dialogs.calls import Calls
from cpmgw.sip.dialogs.interfaces import CallSettings, Ending
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.headers import NameAddr
from cpmgw.sip.message import Request, Response, originate, respond
from cpmgw.sip.uri import parse_uri
from tests.flows.dialog import invite, offer, within
from tests.flows.house import ALICE, BOB, House
from tests.isf.services import Factory, SessionService
from tests.sip.dialogs.parties import Person
from tests.sip.messages import read


class CallingService(SessionService):
    """A session service that is a user agent; `person` is who uses its calls."""

    def __init__(self, name: str = "SMS") -> None:
        super().__init__(name)
        self.calls: Calls
        self.network: ICpmNetwork
        self.person = Person()

    async def invite(self, incoming: Incoming) -> Response:
        """Accept it."""
        contact = f"<{self.network.contact(incoming.peer.transport)}>"
        call = self.calls.incoming(incoming, contact)
        _, response = call.accept(self.person, body=b"v=0 answer")
        return response

    async def within(self, incoming: Incoming) -> Response:
        """Have the call answer."""
        self.followed.append(incoming.request)
        return await self.calls.within(incoming)

    def acknowledge(self, request: Request) -> None:
        """Tell the call."""
        self.calls.acknowledge(request)


class CallingHouse(House):
    """A house whose service makes and takes calls of the Participating Function."""

    with_sms = False
    policy = 'selection.reselection = "never"'
    more = """
[[iwf]]
name = "elsewhere"
service = "MMS"
uri = "sip:127.0.0.1:5999"
"""

    def setUp(self) -> None:
        self.service = CallingService()
        super().setUp()
        self.settle()  # until then there is no key to sign routes with
        self.service.network = self.gateway.network
        self.service.calls = Calls(self.gateway.network, self.network, CallSettings())
        self.received: list[Incoming] = []
        for method in ("INVITE", "BYE", "UPDATE"):
            self.lab.endpoint.serve(method, self._take, in_dialog=True)

    def factories(self) -> Sequence[Any]:
        """One service that takes sessions."""
        return (Factory("SMS", self.service),)

    async def _take(self, incoming: Incoming) -> Response:
        """The Participating Function says yes to everything."""
        self.received.append(incoming)
        contact = ("Contact", "<sip:pf@127.0.0.1:5070>")
        return respond(incoming.request, 200, headers=(contact,), to_tag="pf")

    def ask(self, request: Request) -> Response:
        """The answer to a request of the Participating Function."""
        pending = self.lab.endpoint.request(request)
        self.settle()
        response: Response = self.successResultOf(pending)
        return response

    def tearDown(self) -> None:
        """No call is left behind."""
        self.assertEqual(len(self.service.calls), 0)
        self.assertEqual(self.service.calls.timers, 0)


class OwnDialogs(CallingHouse):
    """Dialogs that the IWF began."""

    def invitation(self) -> Request:
        """An INVITE of the IWF towards CPM."""
        network = self.gateway.network
        request = originate(
            "INVITE",
            parse_uri(BOB),
            from_=NameAddr(parse_uri(ALICE)).with_parameter("tag", "iwf"),
            to=NameAddr(parse_uri(BOB)),
            call_id="own-call",
            headers=(
                ("Contact", f"<{network.contact('UDP')}>;{tag(Feature.SESSION)}"),
                ("Content-Type", "application/sdp"),
            ),
            body=offer(),
        )
        return network.begin(request, "SMS")

    def call(self) -> Call:
        """The call that this INVITE makes."""
        outgoing = self.service.calls.invite(self.invitation(), self.service.person)
        self.settle()
        call: Call = self.successResultOf(outgoing.answered)
        return call

    def test_record_route_of_an_own_invite(self) -> None:
        """The INVITE of an IWF leaves with our Record-Route, signed for its Call-ID."""
        call = self.call()
        request = self.received[0].request
        (route,) = request.headers.addresses("Record-Route")
        self.assertTrue(str(route.uri).startswith("sip:127.0.0.1:5060;lr;iwf=SMS;sig="))
        call.bye()
        self.settle()

    def test_bye_comes_back(self) -> None:
        """A BYE in a dialog that an IWF began finds that IWF. [TS 5.1 step 14b]"""
        self.call()
        first = self.received[0].request
        answer = respond(first, 200, to_tag="pf")
        bye = within("BYE", first, answer, 1, caller=False)
        self.assertEqual(self.ask(bye).status, 200)
        self.assertEqual(self.service.person.how, [Ending.BYE_RECEIVED])
        self.assertEqual(self.service.followed[0].headers.raw("Route"), [])

    def test_route_of_another_call(self) -> None:
        """Our route, taken from another call, leads nowhere: 481."""
        call = self.call()
        first = self.received[0].request
        bye = within("BYE", first, respond(first, 200, to_tag="pf"), 1, caller=False)
        stolen = bye.headers.with_replaced("Call-ID", "other")
        self.assertEqual(self.ask(bye.replace(headers=stolen)).status, 481)
        call.bye()
        self.settle()

    def test_own_requests_go_to_the_peer(self) -> None:
        """ACK and BYE of the IWF go to the peer's Contact, without our own Route."""
        acks: list[Request] = []

        async def acknowledged(incoming: Incoming) -> Response:
            acks.append(incoming.request)
            return respond(incoming.request, 200)

        self.lab.endpoint.serve("ACK", acknowledged, in_dialog=True)
        call = self.call()
        call.bye()
        self.settle()
        bye = self.received[-1].request
        for request in (acks[0], bye):
            self.assertEqual(str(request.uri), "sip:pf@127.0.0.1:5070")
            self.assertEqual(request.headers.raw("Route"), [])
        self.assertEqual(bye.method, "BYE")
        self.assertEqual(self.service.person.how, [Ending.BYE_SENT])

    def test_update_comes_back(self) -> None:
        """So does an UPDATE, which the call answers."""
        call = self.call()
        first = self.received[0].request
        update = within(
            "UPDATE", first, respond(first, 200, to_tag="pf"), 1, caller=False
        )
        headers = update.headers.with_added("Contact", "<sip:pf@127.0.0.1:5070>")
        headers = headers.with_added("Content-Type", "application/sdp")
        answer = self.ask(update.replace(headers=headers, body=b"v=0 new"))
        self.assertEqual((answer.status, answer.body), (200, b"v=0 changed"))
        call.bye()
        self.settle()

    def test_cancel(self) -> None:
        """An IWF can cancel the INVITE it has sent, with a Reason."""
        ringing: list[Incoming] = []

        def ring(incoming: Incoming) -> Deferred[Response]:
            ringing.append(incoming)
            answer: Deferred[Response] = Deferred()
            incoming.leg.when_cancelled(
                lambda: answer.callback(respond(incoming.request, 487))
            )
            incoming.leg.send_provisional(respond(incoming.request, 180, to_tag="pf"))
            return answer

        self.lab.endpoint.serve("INVITE", ring)
        outgoing = self.service.calls.invite(self.invitation(), self.service.person)
        self.settle()
        outgoing.cancel(("SIP;cause=408",))
        self.settle()
        self.assertEqual(self.failureResultOf(outgoing.answered).value.status, 487)
        self.assertEqual(ringing[0].leg.reasons, ("SIP;cause=408",))


class RepeatedAnswers(CallingHouse):
    """A group session under a number: the ISF changes the 200 on its way (step 12)."""

    more = f"""{CallingHouse.more}
[[number_pool]]
name = "groups"
numbers = ["+15145559000-+15145559001"]
services = ["SMS"]
"""

    def test_2xx_again(self) -> None:
        """Each 200 until the ACK is the same, octet for octet (RFC 3261 13.3.1.4).

        [TS 5.1 step 12]
        """
        first = invite(
            ALICE, BOB, group=True, contact="<sip:group-1@focus.example.net;gr=x>"
        )
        self.ask(first)
        self.network.advance(4)
        octets = [
            each.octets
            for each in self.network.datagrams
            if each.source[1] == 5060
            and isinstance(answer := read(each.octets), Response)
            and (answer.status, answer.cseq.method) == (200, "INVITE")
        ]
        self.assertEqual(len(octets), 4)
        self.assertEqual(len(set(octets)), 1)
        answer = read(octets[0])
        self.assertIn(IW_NUMBER, answer.headers)
        (route,) = answer.headers.addresses("Record-Route")
        self.assertIn("iwf=SMS", str(route.uri))
        assert isinstance(answer, Response)
        self.lab.endpoint.acknowledge(within("ACK", first, answer, 1))
        self.settle()
        self.assertEqual(len(self.service.person.acks), 1)
        self.assertEqual(self.ask(within("BYE", first, answer, 2)).status, 200)
