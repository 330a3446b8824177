"""The transaction layer: matching, timers as plain numbers, compact completion."""

from __future__ import annotations

from math import inf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.message import Request, respond
from cpmgw.sip.transaction.alarms import Alarms
from cpmgw.sip.transaction.layer import TransactionLayer
from cpmgw.sip.transaction.machine import State, Timing
from cpmgw.sip.transaction.matching import merge_key, sent_key, server_key
from cpmgw.sip.transaction.outputs import (
    Acknowledged,
    Answered,
    Arrived,
    Failed,
    Output,
    Refused,
    Send,
    Stray,
)
from tests.sip.messages import read, request, response


class Wire:
    def __init__(self, reliable: bool = False) -> None:
        self.reliable = reliable


class LayerTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.layer = TransactionLayer(Timing())
        self.udp, self.tcp = Wire(), Wire(True)

    def tearDown(self) -> None:
        """No transaction and no timer is left behind once all have run out."""
        for _ in range(20):
            if self.layer.next_timer == inf:
                break
            self.layer.handle_timers(self.layer.next_timer)
        self.assertEqual(inf, self.layer.next_timer)
        self.assertEqual(0, len(self.layer))

    def arrive(
        self, message: Request, now: float = 0.0, wire: Wire | None = None
    ) -> Arrived:
        (output,) = self.layer.receive(message, wire or self.udp, now)
        assert isinstance(output, Arrived), output
        return output

    def sends(self, outputs: list[Output]) -> list[str]:
        return [
            one.data.split(b"\r\n")[0].decode()
            for one in outputs
            if isinstance(one, Send)
        ]

    def timers(self, until: float) -> list[tuple[float, str]]:
        """Run the timers; what was sent and when, or what failed."""
        seen: list[tuple[float, str]] = []
        while (when := self.layer.next_timer) <= until:
            for one in self.layer.handle_timers(when):
                if isinstance(one, Send):
                    seen.append((when, one.data.split(b" ")[0].decode()))
                elif isinstance(one, Failed):
                    seen.append((when, "timeout" if one.timed_out else "failed"))
        return seen


class ServerSideTests(LayerTestCase):
    def test_new_request_is_passed_up(self) -> None:
        """A request that matches no transaction is a new one (17.2.3)."""
        arrived = self.arrive(request())
        self.assertFalse(arrived.merged)
        self.assertEqual(1, len(self.layer))
        self.layer.respond(arrived.key, respond(request(), 200), 0.0)

    def test_retransmission_while_working_is_absorbed(self) -> None:
        """A retransmission in Trying is discarded without an answer."""
        arrived = self.arrive(request())
        self.assertEqual([], self.layer.receive(request(), self.udp, 0.5))
        self.layer.respond(arrived.key, respond(request(), 200), 0.5)

    def test_trying_only_late(self) -> None:
        """The 100 of a non-INVITE goes after 3.5 s; then it answers repeats."""
        self.arrive(request())
        self.assertEqual([], self.layer.handle_timers(3.49))
        self.assertEqual(
            ["SIP/2.0 100 Trying"], self.sends(self.layer.handle_timers(3.5))
        )
        again = self.layer.receive(request(), self.udp, 4.0)
        self.assertEqual(["SIP/2.0 100 Trying"], self.sends(again))
        self.layer.respond(server_key(request()), respond(request(), 200), 5.0)

    def test_answer_is_kept_and_repeated(self) -> None:
        """The stored final response answers each retransmission until Timer J."""
        arrived = self.arrive(request())
        (sent,) = self.layer.respond(arrived.key, respond(request(), 202), 1.0)
        assert isinstance(sent, Send)
        for now in (1.5, 32.9):
            self.layer.handle_timers(now)
            (again,) = self.layer.receive(request(), self.udp, now)
            assert isinstance(again, Send)
            self.assertEqual(sent.data, again.data)
        self.layer.handle_timers(33.0)
        self.assertEqual(0, len(self.layer))
        self.arrive(request(), 33.1)
        self.layer.respond(arrived.key, respond(request(), 202), 33.1)

    def test_completed_is_compact(self) -> None:
        """A completed non-INVITE keeps its response's octets and nothing else."""
        arrived = self.arrive(request(body=b"x" * 500))
        self.layer.respond(arrived.key, respond(request(), 202), 1.0)
        self.assertEqual({}, self.layer._servers)
        self.assertIsInstance(self.layer._settled[arrived.key], bytes)
        self.assertIs(State.COMPLETED, self.layer.state(arrived.key))

    def test_reliable_ends_at_once(self) -> None:
        """Timer J is zero on a reliable transport: nothing is kept."""
        arrived = self.arrive(request(), wire=self.tcp)
        self.layer.respond(arrived.key, respond(request(), 200), 0.0)
        self.assertEqual(0, len(self.layer))

    def test_second_answer_is_discarded(self) -> None:
        """Other final responses passed by the TU are discarded in Completed."""
        arrived = self.arrive(request())
        self.layer.respond(arrived.key, respond(request(), 200), 0.0)
        self.assertEqual(
            [], self.layer.respond(arrived.key, respond(request(), 500), 0.0)
        )

    def test_branch_sent_by_and_method_match(self) -> None:
        """Branch, sent-by and method together identify a transaction (17.2.3)."""
        self.arrive(request())
        others = (
            request(branch="z9hG4bKtwo"),
            request(via="SIP/2.0/UDP 127.0.0.1:5072"),
            request(via="SIP/2.0/UDP 127.0.0.2:5071"),
            request("OPTIONS"),
        )
        for other in others:
            self.assertNotEqual(server_key(request()), server_key(other))
        same = request(via="SIP/2.0/UDP 127.0.0.1:5071;rport", call_id="other")
        self.assertEqual(server_key(request()), server_key(same))
        self.layer.respond(server_key(request()), respond(request(), 200), 0.0)

    def test_limit(self) -> None:
        """At the limit of transactions one is taken, one past it is refused."""
        layer = TransactionLayer(Timing(), limit=2)
        for number in range(2):
            (one,) = layer.receive(request(branch=f"z9hG4bK{number}"), self.udp, 0.0)
            self.assertIsInstance(one, Arrived)
        (one,) = layer.receive(request(branch="z9hG4bKthree"), self.udp, 0.0)
        self.assertIsInstance(one, Refused)
        self.assertEqual(2, len(layer))
        (again,) = layer.receive(request(branch="z9hG4bKthree"), self.udp, 0.0)
        self.assertIsInstance(again, Refused)

    def test_transport_error_ends_proceeding(self) -> None:
        """A response that cannot leave is told, and ends a non-INVITE (figure 8)."""
        arrived = self.arrive(request())
        self.layer.handle_timers(3.5)
        (failed,) = self.layer.transport_error(arrived.key, 3.5)
        self.assertEqual(Failed(arrived.key, False), failed)
        self.assertEqual(0, len(self.layer))


class OldRequestTests(LayerTestCase):
    """Requests of RFC 2543, which have no magic cookie (17.2.3)."""

    def test_retransmission(self) -> None:
        """Request-URI, tags, Call-ID, CSeq and topmost Via identify it."""
        old = request(branch="")
        arrived = self.arrive(old)
        self.assertEqual([], self.layer.receive(request(branch=""), self.udp, 0.1))
        others = (
            request(branch="", uri="sip:carol@example.net"),
            request(branch="", call_id="other"),
            request(branch="", cseq=2),
            request(branch="", via="SIP/2.0/UDP 127.0.0.1:9"),
            request(branch="", to_tag="there"),
            request("OPTIONS", branch=""),
        )
        for other in others:
            self.assertNotEqual(arrived.key, server_key(other))
        self.layer.respond(arrived.key, respond(old, 200), 0.1)

    def test_cookie_alone_is_no_branch(self) -> None:
        """A branch of the cookie alone is matched the old way (RFC 4475 3.2.1)."""
        one = request(branch="z9hG4bK", call_id="one")
        two = request(branch="z9hG4bK", call_id="two")
        self.assertNotEqual(server_key(one), server_key(two))

    def test_ack(self) -> None:
        """An ACK matches its INVITE when its To tag is that of the response."""
        invite = request("INVITE", branch="")
        arrived = self.arrive(invite)
        self.layer.respond(arrived.key, respond(invite, 404, to_tag="mine"), 0.0)
        other = request("ACK", branch="", to_tag="not-mine")
        (stray,) = self.layer.receive(other, self.udp, 0.1)
        self.assertIsInstance(stray, Acknowledged)
        self.assertIs(State.COMPLETED, self.layer.state(arrived.key))
        ack = request("ACK", branch="", to_tag="mine")
        self.assertEqual([], self.layer.receive(ack, self.udp, 0.1))
        self.assertIs(State.CONFIRMED, self.layer.state(arrived.key))


class MergedTests(LayerTestCase):
    def test_merged(self) -> None:
        """The same From tag, Call-ID and CSeq by another way is merged (8.2.2.2)."""
        first = self.arrive(request())
        second = self.arrive(request(branch="z9hG4bKtwo"))
        self.assertTrue(second.merged)
        for one in (first, second):
            self.layer.respond(one.key, respond(one.request, 200), 0.0)

    def test_merged_while_the_first_waits_for_timer_j(self) -> None:
        """The first transaction is ongoing until it ends, not until it is answered."""
        first = self.arrive(request())
        self.layer.respond(first.key, respond(request(), 200), 0.0)
        second = self.arrive(request(branch="z9hG4bKtwo"), 31.0)
        self.assertTrue(second.merged)
        self.layer.respond(second.key, respond(second.request, 482), 31.0)
        self.layer.handle_timers(64.0)
        third = self.arrive(request(branch="z9hG4bKthree"), 64.0)
        self.assertFalse(third.merged)
        self.layer.respond(third.key, respond(third.request, 200), 64.0)
        self.layer.handle_timers(100.0)
        self.assertEqual(set(), self.layer._merges)

    def test_inside_a_dialog_nothing_is_merged(self) -> None:
        """The rule is for requests without a To tag."""
        self.assertEqual(0, merge_key(request(to_tag="there")))
        self.assertNotEqual(0, merge_key(request()))
        self.assertNotEqual(merge_key(request()), merge_key(request(cseq=2)))


class InviteServerSideTests(LayerTestCase):
    def invite(self, wire: Wire | None = None) -> Arrived:
        return self.arrive(request("INVITE"), wire=wire)

    def test_trying_after_200_ms(self) -> None:
        """An INVITE that is not answered in 200 ms gets a 100 (17.2.1)."""
        arrived = self.invite()
        self.assertEqual([(0.2, "SIP/2.0")], self.timers(1.0))
        self.layer.respond(arrived.key, respond(request("INVITE"), 200), 1.0)

    def test_failure_is_repeated_until_acknowledged(self) -> None:
        """Timer G sends the response again at T1, doubling to T2; ACK ends that."""
        arrived = self.invite()
        self.layer.respond(
            arrived.key, respond(request("INVITE"), 486, to_tag="b"), 0.0
        )
        times = [when for when, _ in self.timers(12.0)]
        self.assertEqual([0.5, 1.5, 3.5, 7.5, 11.5], times)
        self.layer.receive(request("ACK", to_tag="b"), self.udp, 12.0)
        self.assertEqual([], self.timers(16.9))
        self.assertEqual(1, len(self.layer))
        self.layer.handle_timers(17.0)
        self.assertEqual(0, len(self.layer))

    def test_failure_without_ack(self) -> None:
        """Timer H gives up after 64*T1."""
        arrived = self.invite(self.tcp)
        self.layer.respond(
            arrived.key, respond(request("INVITE"), 486, to_tag="b"), 0.0
        )
        self.assertEqual([(32.0, "failed")], self.timers(100.0))

    def test_success_waits_in_accepted(self) -> None:
        """Accepted absorbs the INVITE again and passes the ACK up (RFC 6026)."""
        arrived = self.invite()
        self.layer.respond(
            arrived.key, respond(request("INVITE"), 200, to_tag="b"), 0.0
        )
        self.assertEqual([], self.layer.receive(request("INVITE"), self.udp, 0.5))
        (ack,) = self.layer.receive(request("ACK", to_tag="b"), self.udp, 0.6)
        self.assertIsInstance(ack, Acknowledged)

    def test_cancel_finds_its_invite(self) -> None:
        """A CANCEL is for the transaction that it matches but for the method (9.2)."""
        self.invite()
        methods = ("INVITE", "MESSAGE")
        key = self.layer.invited(request("CANCEL"), methods)
        self.assertEqual(server_key(request("INVITE")), key)
        other = request("CANCEL", branch="z9hG4bKother")
        self.assertIs(None, self.layer.invited(other, methods))
        self.layer.respond(
            server_key(request("INVITE")), respond(request("INVITE"), 487), 0.0
        )


class ClientSideTests(LayerTestCase):
    def send(
        self, method: str = "MESSAGE", wire: Wire | None = None, now: float = 0.0
    ) -> str:
        message = request(method)
        key = sent_key("z9hG4bKone", method)
        data = message.encode()
        outputs = self.layer.send(key, message, data, wire or self.udp, now)
        self.assertEqual([Send(data, wire or self.udp, key)], outputs)
        return key

    def test_retransmissions(self) -> None:
        """Timer E: T1, doubling up to T2, until Timer F after 64*T1 (17.1.2.2)."""
        self.send()
        seen = self.timers(100.0)
        times = [when for when, what in seen if what == "MESSAGE"]
        self.assertEqual(
            [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5], times
        )
        self.assertEqual((32.0, "timeout"), seen[-1])
        self.assertEqual(0, len(self.layer))

    def test_slow_after_a_provisional(self) -> None:
        """In Proceeding Timer E is T2 whatever it was."""
        key = self.send()
        (answered,) = self.layer.receive(respond(request(), 100), self.udp, 0.1)
        self.assertIsInstance(answered, Answered)
        self.assertIs(State.PROCEEDING, self.layer.state(key))
        self.assertEqual([0.5, 4.5, 8.5], [when for when, _ in self.timers(9.0)])

    def test_no_retransmission_on_a_reliable_transport(self) -> None:
        """Over TCP only Timer F runs."""
        self.send(wire=self.tcp)
        self.assertEqual([(32.0, "timeout")], self.timers(100.0))

    def test_final_answer(self) -> None:
        """A final response goes up once; its repeats are absorbed until Timer K."""
        key = self.send()
        answer = respond(request(), 200)
        self.assertEqual(
            [Answered(key, answer)], self.layer.receive(answer, self.udp, 0.1)
        )
        self.assertEqual([], self.layer.receive(answer, self.udp, 5.0))
        self.assertEqual([], self.timers(5.0))
        self.layer.handle_timers(5.1)
        self.assertEqual([Stray(answer)], self.layer.receive(answer, self.udp, 5.2))

    def test_match_by_branch_and_method(self) -> None:
        """A response matches by its branch and the method of CSeq (17.1.3)."""
        self.send()
        for other in (request("OPTIONS"), request(branch="z9hG4bKtwo")):
            answer = respond(other, 200)
            self.assertEqual([Stray(answer)], self.layer.receive(answer, self.udp, 0.1))
        self.layer.receive(respond(request(), 200), self.udp, 0.2)

    def test_transport_error(self) -> None:
        """The TU is told that the request could not leave (17.1.4)."""
        key = self.send()
        self.assertEqual([Failed(key, False)], self.layer.transport_error(key, 0.0))
        self.assertEqual([], self.layer.transport_error(key, 0.0))

    def test_flow_lost(self) -> None:
        """Requests over a connection that is gone fail at once; others go on."""
        key = self.send(wire=self.tcp)
        self.assertEqual([], self.layer.flow_lost(Wire(True), 1.0))
        self.assertEqual([Failed(key, False)], self.layer.flow_lost(self.tcp, 1.0))

    def test_flow_lost_looks_at_its_own(self) -> None:
        """What other connections carry costs the end of one nothing."""

        class Counted(dict[str, Any]):
            seen = 0

            def get(self, key: str, default: Any = None) -> Any:
                self.seen += 1
                return super().get(key, default)

            def values(self) -> Any:
                self.seen += len(self)
                return super().values()

        clients = self.layer._clients = Counted()
        flows = [Wire(True) for _ in range(100)]
        keys = []
        for number, wire in enumerate(flows):
            message = request(branch=f"z9hG4bK{number}")
            keys.append(sent_key(f"z9hG4bK{number}", "MESSAGE"))
            self.layer.send(keys[-1], message, message.encode(), wire, 0.0)
        clients.seen = 0
        failed = self.layer.flow_lost(flows[7], 1.0)
        self.assertEqual([Failed(keys[7], False)], failed)
        self.assertLessEqual(clients.seen, 2)
        self.assertEqual(99, len(clients))

    def test_carried_are_let_go(self) -> None:
        """A request that is answered, given up or timed out is carried no longer."""
        carried = self.layer._carried
        self.layer.forget(self.send(wire=self.tcp))
        self.assertEqual(0, len(carried))
        self.send(wire=self.tcp)
        answer = respond(request(), 200, to_tag="bob")
        self.layer.receive(answer, self.tcp, 0.1)
        self.assertEqual(0, len(carried))
        self.send(wire=self.tcp)
        self.assertEqual(1, len(carried))
        self.timers(100.0)
        self.assertEqual(0, len(carried))
        self.send(wire=self.udp)
        self.assertEqual(0, len(carried))

    def test_forget(self) -> None:
        """A request nobody wants an answer for is no longer sent."""
        self.layer.forget(self.send())
        self.assertEqual([], self.timers(100.0))

    def test_invite_failure_is_acknowledged(self) -> None:
        """The ACK of a 300-699 is the transaction's, as 17.1.1.3 makes it."""
        invite = request(
            "INVITE",
            extra=("Route: <sip:p1.example.net;lr>", "Route: <sip:p2.example.net;lr>"),
        )
        key = sent_key("z9hG4bKone", "INVITE")
        self.layer.send(key, invite, invite.encode(), self.udp, 0.0)
        answer = respond(invite, 486, to_tag="bob")
        sent, answered = self.layer.receive(answer, self.udp, 0.1)
        self.assertEqual(Answered(key, answer), answered)
        assert isinstance(sent, Send)
        ack = read(sent.data)
        assert isinstance(ack, Request)
        self.assertEqual("ACK", ack.method)
        self.assertEqual(invite.uri, ack.uri)
        self.assertEqual([invite.via], list(ack.vias))
        self.assertEqual("bob", ack.to.tag)
        self.assertEqual((1, "ACK"), (ack.cseq.number, ack.cseq.method))
        self.assertEqual(invite.headers.raw("Route"), ack.headers.raw("Route"))
        (again,) = self.layer.receive(answer, self.udp, 1.0)
        self.assertEqual(sent, again)
        self.assertEqual([], self.layer.receive(answer, self.udp, 33.0)[1:])

    def test_invite_retransmissions(self) -> None:
        """Timer A doubles without a bound until Timer B (17.1.1.2)."""
        self.send("INVITE")
        times = [when for when, _ in self.timers(100.0)]
        self.assertEqual([0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 32.0], times)

    def test_invite_success(self) -> None:
        """Each 2xx goes up until Timer M; a late 1xx does not (RFC 6026)."""
        key = self.send("INVITE")
        answer = respond(request("INVITE"), 200, to_tag="b")
        for now in (0.1, 1.0):
            self.assertEqual(
                [Answered(key, answer)], self.layer.receive(answer, self.udp, now)
            )
        late = respond(request("INVITE"), 180, to_tag="b")
        self.assertEqual([Stray(late)], self.layer.receive(late, self.udp, 1.1))


class TimingTests(LayerTestCase):
    def test_next_timer(self) -> None:
        """The next timer is the earliest of all; without any it is never."""
        self.assertEqual(inf, self.layer.next_timer)
        arrived = self.arrive(request(), 10.0)
        self.assertEqual(13.5, self.layer.next_timer)
        self.layer.respond(arrived.key, respond(request(), 200), 11.0)
        self.assertEqual([], self.layer.handle_timers(13.5))
        self.assertEqual(43.0, self.layer.next_timer)

    def test_the_trying_of_the_caller(self) -> None:
        """A 100 is made the way the layer's user says."""
        layer = TransactionLayer(
            Timing(), trying=lambda one, flow: respond(one, 100, "Working")
        )
        layer.receive(request(), self.udp, 0.0)
        (sent,) = layer.handle_timers(3.5)
        assert isinstance(sent, Send)
        self.assertEqual("Working", response(sent.data).reason)

    def test_clear(self) -> None:
        """Nothing is left after clear."""
        self.arrive(request())
        self.layer.clear()
        self.assertEqual((0, inf), (len(self.layer), self.layer.next_timer))


class AnyOrderTests(LayerTestCase):
    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(("INVITE", "ACK", "MESSAGE", "CANCEL", "200", "404")),
                st.sampled_from(("z9hG4bKa", "z9hG4bKb", "")),
                st.booleans(),
                st.sampled_from((0.0, 0.3, 4.0, 33.0)),
            ),
            max_size=30,
        )
    )
    def test_nothing_is_left(self, events: list[tuple[str, str, bool, float]]) -> None:
        """Whatever comes in whatever order, every transaction ends."""
        layer = TransactionLayer(Timing())
        now = 0.0
        keys: list[str] = []

        def take(outputs: list[Output]) -> None:
            for one in outputs:
                if isinstance(one, Arrived):
                    keys.append(one.key)

        for kind, branch, reliable, gap in events:
            now += gap
            take(layer.handle_timers(now))
            wire = self.tcp if reliable else self.udp
            if kind.isdigit():
                base = request("INVITE" if branch == "" else "MESSAGE", branch=branch)
                answer = respond(base, int(kind), to_tag="b")
                take(layer.receive(answer, wire, now))
                for key in keys:
                    take(layer.respond(key, answer, now))
            else:
                take(layer.receive(request(kind, branch=branch), wire, now))
        for key in keys:
            layer.respond(key, respond(request(), 500), now)
        for _ in range(100):
            if layer.next_timer < inf:
                layer.handle_timers(layer.next_timer)
        self.assertEqual((0, inf), (len(layer), layer.next_timer))
        self.assertEqual(set(), layer._merges)


class AlarmsTests(SynchronousTestCase):
    def test_stale_entries_are_dropped(self) -> None:
        """What no longer matters does not pile up until its deadline."""
        alive = {1}
        alarms: Alarms[int] = Alarms(lambda entry: entry not in alive)
        for number in range(100):
            alarms.set(32.0, number, float(number))
        self.assertEqual(99, len(alarms))
        alive.add(150)
        for number in range(100, 200):
            alive.discard(1)
            alarms.set(32.0, number, float(number))
        self.assertEqual(50, len(alarms))
        self.assertEqual(150, alarms.due(182.0)[0])

    @settings(deadline=None, max_examples=100)
    @given(st.lists(st.tuples(st.sampled_from((0.5, 1.0, 4.0, 32.0)), st.floats(0, 3))))
    def test_order(self, entries: list[tuple[float, float]]) -> None:
        """Every entry comes due once, at its deadline, in order."""
        alarms: Alarms[float] = Alarms()
        now = 0.0
        deadlines = []
        for delay, gap in entries:
            now += gap
            deadlines.append(now + delay)
            alarms.set(delay, now + delay, now)
        self.assertEqual(min(deadlines, default=inf), alarms.earliest)
        fired = []
        while alarms.earliest < inf:
            when = alarms.earliest
            due = alarms.due(when)
            self.assertEqual([when] * len(due), due)
            fired.extend(due)
        self.assertEqual(sorted(deadlines), fired)
        self.assertEqual(0, len(alarms))
