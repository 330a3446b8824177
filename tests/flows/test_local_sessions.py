"""TS 5.1 steps 10 to 14: an IWF in the same process is behind the ISF all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from tests.flows.dialog import invite, within
from tests.flows.house import ALICE, BOB, House
from tests.isf.services import Factory, SessionService


class Sessions(House):
    with_sms = False
    policy = 'selection.reselection = "never"'
    more = """
[[iwf]]
name = "elsewhere"
service = "MMS"
uri = "sip:127.0.0.1:5999"
"""

    def setUp(self) -> None:
        self.service = SessionService("SMS")
        super().setUp()
        self.ended: list[Incoming] = []
        self.lab.endpoint.serve("BYE", self._ended, in_dialog=True)

    def factories(self) -> Sequence[Any]:
        """One service that takes sessions."""
        return (Factory("SMS", self.service),)

    async def _ended(self, incoming: Incoming) -> Response:
        self.ended.append(incoming)
        return respond(incoming.request, 200)

    def answer(self, request: Request) -> Response:
        """The answer to a request of the Participating Function."""
        pending = self.lab.endpoint.request(request)
        self.settle()
        response: Response = self.successResultOf(pending)
        return response

    def test_step_10_record_route(self) -> None:
        """10. The IWF sees a proxy before it: our Record-Route. [TS 5.1 step 10]"""
        self.assertEqual(self.answer(invite(ALICE, BOB)).status, 200)
        (incoming,) = self.service.invited
        (route,) = incoming.request.headers.addresses("Record-Route")
        self.assertTrue(str(route.uri).startswith("sip:127.0.0.1:5060;lr;iwf=SMS;sig="))

    def test_step_12_answer(self) -> None:
        """12. Its 200 goes back with our Record-Route. [TS 5.1 step 12]"""
        answer = self.answer(invite(ALICE, BOB))
        (route,) = answer.headers.addresses("Record-Route")
        self.assertTrue(str(route.uri).startswith("sip:127.0.0.1:5060;lr;iwf=SMS;sig="))

    def test_step_14_ack_and_bye(self) -> None:
        """14 a, b. ACK and BYE reach the IWF by the route. [TS 5.1 step 14a]

        [TS 5.1 step 14b]
        """
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        self.lab.endpoint.acknowledge(within("ACK", first, answer, 1))
        self.settle()
        (ack,) = self.service.acknowledged
        self.assertEqual(ack.headers.raw("Route"), [])
        self.assertEqual(self.answer(within("BYE", first, answer, 2)).status, 200)
        (bye,) = self.service.followed
        self.assertEqual((bye.method, bye.headers.raw("Route")), ("BYE", []))

    def test_step_14c_bye_of_the_iwf(self) -> None:
        """14 c. The IWF's BYE goes to who sent the INVITE, and not through the core.

        [TS 5.1 step 14c]
        """
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        received = self.service.invited[0].request
        bye = within("BYE", received, answer, 1, caller=False)
        ended = self.gateway.network.request(bye)
        self.settle()
        self.assertEqual(self.successResultOf(ended).status, 200)
        (incoming,) = self.ended
        self.assertEqual(incoming.request.headers.raw("Route"), [])
        self.assertEqual(str(incoming.request.uri), "sip:pf@127.0.0.1:5070")

    def test_step_14c_along_the_rest_of_the_route(self) -> None:
        """14 c. Where another proxy stands before us, the BYE goes there."""
        first = invite(ALICE, BOB)
        headers = first.headers.with_first("Record-Route", "<sip:127.0.0.1:5070;lr>")
        answer = self.answer(first.replace(headers=headers))
        received = self.service.invited[0].request
        self.gateway.network.request(within("BYE", received, answer, 1, caller=False))
        self.settle()
        (incoming,) = self.ended
        self.assertEqual(
            incoming.request.headers.raw("Route"), ["<sip:127.0.0.1:5070;lr>"]
        )

    def test_cancel(self) -> None:
        """A CANCEL ends what the service has under way: 487."""
        self.service.ends = Deferred()
        pending = self.lab.endpoint.request(invite(ALICE, BOB))
        self.network.advance(0.3)  # our 100, without which there is no CANCEL
        self.lab.endpoint.cancel(pending)
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)

    def test_required_extension(self) -> None:
        """A service here answers 420 to what it does not support."""
        first = invite(ALICE, BOB)
        headers = first.headers.with_added("Require", "answermode")
        answer = self.answer(first.replace(headers=headers))
        self.assertEqual(answer.status, 420)
        self.assertEqual(answer.headers.raw("Unsupported"), ["answermode"])

    def test_dialog_of_a_service_without_sessions(self) -> None:
        """A request in a dialog that no service can have is 481."""
        first = invite(ALICE, BOB)
        answer = self.answer(first)
        bye = within("BYE", first, answer, 2)
        headers = bye.headers.with_replaced(
            "Route", "<sip:127.0.0.1:5060;lr;iwf=nobody>"
        )
        self.assertEqual(self.answer(bye.replace(headers=headers)).status, 481)
