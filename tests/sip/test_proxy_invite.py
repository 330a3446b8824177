"""A proxied INVITE: what rings, its 2xx and their ACKs (RFC 3261 16.7, RFC 6026)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.endpoint import Incoming
from cpmgw.sip.errors import TransactionTimeout
from cpmgw.sip.message import Request, Response
from cpmgw.sip.resolver import Hop
from cpmgw.sip.transaction.machine import State
from cpmgw.sip.uri import SipUri
from tests.sip.proxies import (
    FAR,
    PROXY,
    InviteTestCase,
    originated,
    within,
)


class ProvisionalTests(InviteTestCase):
    def test_relayed(self) -> None:
        """Each provisional response but 100 goes back as it came (16.7 step 5)."""
        self.raw_server()
        answer = self.invite()
        for status in (100, 101, 180, 183, 199):
            self.says(status)
        self.assertEqual([101, 180, 183, 199], self.statuses())
        for response in self.seen:
            self.assertEqual(1, len(response.vias))
            self.assertEqual("b", response.to.tag)
            self.assertNotIn("Server", response.headers)
            self.assertEqual(1, len(response.headers.all("Record-Route")))
        self.says(486)
        self.assertEqual(486, self.successResultOf(answer).status)
        self.assertEqual(["INVITE", "ACK"], self.far_got())

    def test_trying_is_each_hop_s_own(self) -> None:
        """A 100 of the proxy comes after 200 ms, whatever the server does (17.2.1)."""
        self.raw_server()
        self.invite().addErrback(lambda failure: failure.trap(TransactionTimeout))
        self.says(100)
        self.assertEqual([], self.statuses())
        self.pump(0.5)
        self.assertEqual([100], self.statuses())
        self.says(404)

    def test_for_other_methods(self) -> None:
        """A provisional response to anything but INVITE goes no further (RFC 4320)."""
        self.raw_server()
        answer = self.near.request(
            originated(), destination=PROXY, progress=self.seen.append
        )
        self.reactor.settle()
        self.says(180)
        self.assertEqual([], self.statuses())
        self.says(200)
        self.assertEqual(200, self.successResultOf(answer).status)

    def test_after_the_final_response(self) -> None:
        """A provisional response that comes late is dropped."""
        self.raw_server()
        self.invite()
        self.says(404)
        self.says(180)
        self.assertEqual([], self.statuses())

    def test_lost(self) -> None:
        """Lost datagrams are made good by the transactions of each hop."""
        self.server()
        first: set[tuple[bytes, int]] = set()

        def lose(data: bytes, to: tuple[str, int]) -> bool:
            seen = (data[:9], to[1]) in first
            first.add((data[:9], to[1]))
            return not seen

        self.reactor.lose = lose
        answer = self.invite()
        self.pump(4)
        self.answer(404)
        self.pump(10)
        self.assertEqual(404, self.successResultOf(answer).status)
        self.assertEqual((1, 1), (len(self.given), len(self.calls)))


class SuccessTests(InviteTestCase):
    def test_repeated(self) -> None:
        """Each repeat of a 2xx goes back until it is acknowledged (RFC 6026 7.1)."""
        self.raw_server()
        answer = self.invite()
        for _ in range(3):
            self.says(200)
        first = self.successResultOf(answer)
        self.assertEqual([200, 200], self.statuses())
        self.assertEqual(first.headers, self.seen[0].headers)

    def test_of_another_branch(self) -> None:
        """So does a 2xx of another branch, with its own tag (16.7 step 5)."""
        self.raw_server()
        answer = self.invite()
        self.says(200)
        self.says(200, tag="c")
        self.assertEqual("b", self.successResultOf(answer).to.tag)
        self.assertEqual(["c"], [one.to.tag for one in self.seen])

    def test_until_timer_m(self) -> None:
        """64*T1 after the first 2xx a further one is dropped, one before is not."""
        self.raw_server()
        self.invite()
        self.says(200)
        self.pump(31.5)
        self.says(200)
        self.assertEqual([200], self.statuses())
        self.pump(1)
        self.says(200)
        self.assertEqual([200], self.statuses())
        self.assertEqual({}, self.middle_endpoint._client._errands)

    def test_before_the_handler_answers(self) -> None:
        """A repeat never comes before the 2xx that the handler thinks about."""
        self.raw_server()
        thinking: Deferred[None] = Deferred()

        async def slow(incoming: Incoming) -> Response:
            response = await self.proxied(incoming)
            await thinking
            return response

        self.middle_endpoint.serve("INVITE", slow, proxied=True)
        answer = self.invite()
        self.says(200)
        self.says(200)
        self.assertNoResult(answer)
        thinking.callback(None)
        self.assertEqual(200, self.result(answer).status)

    def test_changed_by_the_handler(self) -> None:
        """What a handler adds to the answer is all that changes. [TS 5.1 step 12]"""
        self.raw_server()

        async def adds(incoming: Incoming) -> Response:
            response = await self.proxied(incoming)
            headers = response.headers.with_added("IW-Number", "<tel:+1>")
            return response.replace(headers=headers)

        self.middle_endpoint.serve("INVITE", adds, proxied=True)
        answer = self.invite()
        self.says(200)
        got = self.successResultOf(answer)
        self.assertEqual("<tel:+1>", got.headers.get("IW-Number"))
        self.assertNotIn("Server", got.headers)

    def test_ack_of_a_failure_is_each_hop_s_own(self) -> None:
        """The ACK of a failure is made by each hop for itself (17.1.1.3)."""
        self.server()
        answer = self.invite()
        self.answer(404)
        self.pump(1)
        self.assertEqual(404, self.successResultOf(answer).status)
        self.assertEqual(1, self.methods_to(5060).count("ACK"))
        self.assertEqual(1, self.methods_to(FAR).count("ACK"))
        self.assertEqual([], self.acks)

    def test_rings_long(self) -> None:
        """An INVITE may ring for much longer than a handler has otherwise."""
        self.server(handler_timeout=1000.0)
        answer = self.invite()
        for _ in range(5):
            self.answer(180)
            self.pump(60)
        self.answer(200)
        self.assertEqual(200, self.successResultOf(answer).status)
        self.assertEqual([], self.refused)


class AckTests(InviteTestCase):
    def session(self) -> Response:
        self.server()
        answer = self.invite()
        self.answer(200)
        return self.successResultOf(answer)

    def acknowledge(self, ack: Request) -> None:
        self.near.acknowledge(ack, destination=PROXY)
        self.reactor.settle()

    def test_each_is_sent_on(self) -> None:
        """An ACK that is repeated is sent on each time, with a branch of its own."""
        ack = within("ACK", self.session(), cseq=1)
        for _ in range(2):
            self.acknowledge(ack)
        self.assertEqual(2, len({one.via.branch for one in self.acks}))

    def test_to_nowhere(self) -> None:
        """What cannot be sent, or is not ours to send, is dropped."""
        ack = within("ACK", self.session(), cseq=1)
        before = len(self.methods_to(FAR))
        hostile: tuple[list[str], ...] = (
            [],
            [f"<{PROXY};lr>", "<sip:127.0.0.1:9;transport=tcp;lr>"],
            [f"<{PROXY};lr>", "<tel:+1>"],
            [f"<{PROXY};lr>", "not a route"],
            ["<sip:192.0.2.1;lr>", f"<{PROXY};lr>"],
        )
        for routes in hostile:
            headers = ack.headers.without("Route")
            for route in reversed(routes):
                headers = headers.with_first("Route", route)
            self.acknowledge(ack.replace(headers=headers))
        spent = ack.headers.with_replaced("Max-Forwards", "0")
        self.acknowledge(ack.replace(headers=spent))
        self.assertEqual(before, len(self.methods_to(FAR)))
        self.assertEqual([], self.acks)
        self.assertEqual(0, len(self.middle_endpoint._stack.acknowledger))

    def test_fault(self) -> None:
        """A fault of ours on the way of an ACK is logged, and ends nothing else."""

        class Broken:
            def immediate(self, uri: SipUri) -> None: ...

            async def hops(self, uri: SipUri) -> list[Hop]:
                raise ZeroDivisionError

            def close(self) -> None: ...

        broken: Any = Broken()
        ack = within("ACK", self.session(), cseq=1)
        endpoint = self.proxy(("udp:5061:interface=127.0.0.1",), resolver=broken)
        routed = ack.headers.with_replaced("Route", "<sip:127.0.0.1:5061;lr>")
        self.near.acknowledge(ack.replace(headers=routed))
        self.reactor.settle()
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertTrue(endpoint.running)

    def test_last_hop(self) -> None:
        """With one hop left an ACK is still sent on."""
        ack = within("ACK", self.session(), cseq=1)
        self.acknowledge(
            ack.replace(headers=ack.headers.with_replaced("Max-Forwards", "1"))
        )
        self.assertEqual([0], [one.max_forwards for one in self.acks])

    def test_states(self) -> None:
        """After a 2xx both transactions are only there to take its repeats."""
        self.session()
        endpoint = self.middle_endpoint
        self.assertEqual(2, endpoint.transactions)
        (key,) = endpoint._client._errands
        self.assertIs(State.ACCEPTED, endpoint._layer.state(key))
        self.pump(33)
        self.assertEqual(0, endpoint.transactions)
        self.assertEqual({}, endpoint._client._errands)
