"""Calls whose requests are challenged (RFC 3261 22)."""

from __future__ import annotations

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.sip.dialogs.dialog import Dialog
from cpmgw.sip.dialogs.interfaces import Ending
from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.message import Request, Response, respond
from cpmgw.sip.settings import Login
from tests.sip.dialogs.parties import ALICE, BOB, CallTestCase, is_request
from tests.sip.dialogs.watchers import SubscribeTestCase

CHALLENGES = {
    401: ("WWW-Authenticate", "Authorization"),
    407: ("Proxy-Authenticate", "Proxy-Authorization"),
}
DIGEST = 'Digest realm="r", nonce="n1", qop="auth", algorithm=MD5'


class Challenged(CallTestCase):
    def setUp(self) -> None:
        super().setUp()
        endpoint = self.alice.endpoint
        login = Login("alice", "word")
        endpoint.update(msgspec.structs.replace(endpoint.settings, logins=(login,)))

    def challenge(self, status: int, *methods: str) -> None:
        """Have Bob's side challenge what has no credentials."""
        asks, has = CHALLENGES[status]

        async def answer(incoming: Incoming) -> Response:
            if has not in incoming.request.headers:
                return respond(incoming.request, status, headers=((asks, DIGEST),))
            return await self.bob._take(incoming)

        for method in methods:
            self.bob.endpoint.serve(method, answer, in_dialog=True)

    def test_ack(self) -> None:
        """The ACK of a 2xx has the credentials of its INVITE (13.2.2.4, 22.3)."""
        for status, (_, has) in CHALLENGES.items():
            self.network.advance(40)
            self.network.datagrams.clear()
            self.challenge(status, "INVITE")
            self.connect()
            invite = self.requests(BOB, "INVITE")[-1]
            ack = self.requests(BOB, "ACK")[-1]
            self.assertEqual(ack.cseq.number, invite.cseq.number)
            self.assertEqual(len(ack.headers.raw(has)), 1)
            self.assertEqual(ack.headers.raw(has), invite.headers.raw(has))
            self.hang_up()

    def test_repeated_ack(self) -> None:
        """So has each further one, as long as the 2xx may come again."""
        self.challenge(407, "INVITE")
        self.network.lose = is_request("ACK")
        self.connect()
        self.network.advance(31)
        acks = [r for r in self.requests(BOB, "ACK") if r.cseq.number == 2]
        self.assertGreater(len(acks), 5)
        for each in acks:
            self.assertIn("Proxy-Authorization", each.headers)
        self.network.lose = lambda _: False
        self.network.advance(40)
        self.assertEqual(self.alice.endpoint._client._credentials, {})
        self.hang_up()

    def test_reinvite(self) -> None:
        """The ACK of a re-INVITE too; one that was not challenged has none."""
        hers, _ = self.connect()
        self.assertNotIn("Proxy-Authorization", self.requests(BOB, "ACK")[0].headers)
        self.challenge(407, "INVITE")
        answer = hers.reinvite(b"v=0 new")
        self.settle()
        self.assertEqual(self.successResultOf(answer).status, 200)
        ack = self.requests(BOB, "ACK")[-1]
        self.assertIn("Proxy-Authorization", ack.headers)
        self.assertEqual(ack.cseq.number, self.requests(BOB, "INVITE")[-1].cseq.number)
        self.hang_up()

    def test_bye_beside_a_challenged_request(self) -> None:
        """A BYE has a higher number than what went again before it (12.2.1.1)."""
        for updates, method in ((True, "UPDATE"), (False, "INVITE")):
            hers, _ = self.connect(headers=(("Session-Expires", "90;refresher=uac"),))
            hers.updates = updates
            held: Deferred[None] = Deferred()

            async def hold(incoming: Incoming) -> Response:
                if "Authorization" not in incoming.request.headers:
                    asks = CHALLENGES[401][0]
                    return respond(incoming.request, 401, headers=((asks, DIGEST),))
                answer = await self.bob.calls.within(incoming)
                await held  # noqa: B023
                return answer

            self.bob.endpoint.serve(method, hold, in_dialog=True)
            self.network.advance(45.1)
            self.hang_up()
            bye, sent = self.requests(BOB, "BYE")[-1], self.requests(BOB, method)[-1]
            self.assertIn("Authorization", sent.headers)
            self.assertEqual(len(self.requests(BOB, "BYE")), 1)
            self.assertEqual(bye.cseq.number, sent.cseq.number + 1)
            self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])
            held.callback(None)
            self.network.advance(40)
            self.bob.person.ends.clear()
            self.network.datagrams.clear()
            for each in ("INVITE", "UPDATE"):
                self.bob.endpoint.serve(each, self.bob._take, in_dialog=True)

    def test_bye_out_of_order(self) -> None:
        """A BYE that finds its number taken is sent once more, and once only."""
        hers, his = self.connect()
        his.dialog.remote_cseq = hers.dialog.local_cseq + 1
        self.hang_up()
        first, second = self.requests(BOB, "BYE")
        self.assertEqual(second.cseq.number, first.cseq.number + 1)
        self.assertEqual(self.bob.person.how, [Ending.BYE_RECEIVED])

    def test_bye_that_fails(self) -> None:
        """What answers 500 again has ended for us."""
        _, his = self.connect()
        his.dialog.remote_cseq = 1000
        self.hang_up()
        self.assertEqual(len(self.requests(BOB, "BYE")), 2)
        self.assertEqual(self.alice.person.how, [Ending.BYE_SENT])
        his.drop()


class ChallengedSubscription(SubscribeTestCase):
    def test_numbers(self) -> None:
        """One that is ended beside a challenged refresh has a higher number."""
        endpoint = self.endpoints[0]
        login = Login("alice", "word")
        endpoint.update(msgspec.structs.replace(endpoint.settings, logins=(login,)))
        made = self.subscribe()
        held: list[Request] = []

        async def hold(incoming: Incoming) -> Response:
            request = incoming.request
            if request.headers.get("Expires") == "0":
                return await self.focus._subscribed(incoming)
            if "Authorization" not in request.headers:
                asks = CHALLENGES[401][0]
                return respond(request, 401, headers=((asks, DIGEST),))
            held.append(request)
            await Deferred()
            raise AssertionError

        self.endpoints[1].serve("SUBSCRIBE", hold, in_dialog=True)
        made.refresh()
        self.network.settle()
        self.leave(made)
        (refresh,), last = held, self.focus.subscribes[-1]
        self.assertEqual(last.cseq.number, refresh.cseq.number + 1)


class Heard(CallTestCase):
    def test_others(self) -> None:
        """Only a challenge raises the number (22.2)."""
        hers, _ = self.connect()
        request: Request = hers.dialog.request("UPDATE")
        dialog: Dialog = hers.dialog
        for status, number in ((180, 2), (200, 2), (401, 3), (407, 3)):
            dialog.heard(respond(request, status))
            self.assertEqual(dialog.local_cseq, number)
        self.hang_up()
        self.assertEqual(self.requests(ALICE, "BYE"), [])
