"""Whatever happens to sessions, in whatever order, nothing is left of them."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.sip.message import Request, Response
from tests.flows.dialog import invite, within
from tests.iwf.sessions.invites import NUMBER, here
from tests.iwf.sms.chat.room import ALICE, BOB, Room
from txsmpp.status import CommandStatus

CAROL = "tel:+15145550003"
STEPS = 120
FAILURES = (
    CommandStatus.ESME_RDELIVERYFAILURE,
    CommandStatus.ESME_RINVDSTADR,
    CommandStatus.ESME_RSYSERR,
)


class AnyOrder(Room):
    """Random steps, each walk by its own seed; `_stop` looks at what is left."""

    session = {"answer_timeout": 30, "idle_timeout": 300}

    def walk(self, seed: int) -> None:
        """Take some steps."""
        self.random = Random(seed)
        self.open: list[tuple[Request, Deferred[Response]]] = []
        self.answered_calls: list[tuple[Request, Response]] = []
        self.invited = 0
        steps = (
            *[self.invite_somebody] * 3,
            *[self.acknowledge] * 4,
            *[self.message] * 4,
            *[self.short] * 6,
            self.modify,
            self.hang_up,
            self.lose,
            self.give_up,
            self.fail_next,
            *[self.pass_time] * 3,
        )
        for _ in range(STEPS):
            self.random.choice(steps)()
            self.network.settle()
        self.assertEqual(self.flushLoggedErrors(), [])

    def invite_somebody(self) -> None:
        """An invitation, by any policy."""
        self.change(
            accept=self.random.choice(("accept", "ask", "ask", "reject")),
            ask_again=self.random.choice((0, 0, 60)),
            accept_group=self.random.choice(("accept", "ask")),
            inform_invited=self.random.choice(("always", "never")),
            sender=self.random.choice(("user", "number")),
            modification=self.random.choice(("accept", "ask", "reject")),
        )
        self.invited += 1
        call_id = f"walk-{self.invited}"
        if self.random.random() < 0.2:
            request = here(call_id=call_id)
        else:
            sender, user = self.random.sample((ALICE, BOB, CAROL), 2)
            request = invite(sender, user, call_id=call_id)
        answer = self.ask(request)
        self.open.append((request, answer))
        answer.addCallbacks(self._answered, lambda _: None, callbackArgs=(request,))

    def _answered(self, response: Response, request: Request) -> None:
        if response.status == 200:
            self.answered_calls.append((request, response))

    def acknowledge(self) -> None:
        """The ACK of any 200."""
        if self.answered_calls:
            first, response = self.random.choice(self.answered_calls)
            self.ack(response, first)

    def message(self) -> None:
        """A chat message, in any session that MSRP lets in."""
        if self.node.sessions:
            stream: Any = self.random.choice(self.node.sessions)
            if stream.remotes and not stream.closed:
                octets = self.random.choice((b"Hello", b"\xff\xfe", b""))
                answer = self.arrive(octets, "text/plain;charset=UTF-8", stream)
                answer.addErrback(lambda _: None)

    def short(self) -> None:
        """A short message of anybody to anybody."""
        numbers = ["+15145550001", "+15145550002", "+15145550003", NUMBER]
        target = self.random.choice([*numbers, "+15145559000", "+15145559001"])
        words = ("yes", "no", "leave", "Hi")
        self.write(
            self.random.choice(words),
            target=target,
            source=self.random.choice(numbers[:3]),
        )

    def modify(self) -> None:
        """Another offer in any dialog."""
        if self.answered_calls:
            self.first, response = self.random.choice(self.answered_calls)
            method = self.random.choice(("INVITE", "UPDATE"))
            body = self.first.body.replace(b"/abc", b"/moved")
            request = self.in_dialog(method, response, body=body)
            answer = self.ask(request)
            answer.addCallback(self._modified, self.first, response, request)
            answer.addErrback(lambda _: None)

    def _modified(
        self, answer: Response, first: Request, response: Response, request: Request
    ) -> None:
        if answer.status == 200 and request.method == "INVITE":
            ack = within("ACK", first, response, request.cseq.number)
            self.peer.acknowledge(ack, "sip:127.0.0.1:5060")

    def hang_up(self) -> None:
        """A BYE in any dialog, even one that is over."""
        if self.answered_calls:
            self.first, response = self.random.choice(self.answered_calls)
            self.ask(self.in_dialog("BYE", response)).addErrback(lambda _: None)

    def lose(self) -> None:
        """MSRP is lost in any session."""
        if self.node.sessions:
            stream: Any = self.random.choice(self.node.sessions)
            if not stream.closed:
                stream.user.lost(Exception("gone"))

    def give_up(self) -> None:
        """A CANCEL of any invitation that is open."""
        waiting = [answer for _, answer in self.open if not answer.called]
        if waiting:
            self.peer.cancel(self.random.choice(waiting))

    def fail_next(self) -> None:
        """The SM-SC refuses something, or is slow."""
        self.link.statuses = [self.random.choice((*FAILURES, None))]
        for held in self.link.held:
            if not held.called:
                held.callback(self.link.answer())

    def pass_time(self) -> None:
        """Time passes."""
        self.network.advance(self.random.choice((0.1, 1, 5, 31, 70)))

    def tearDown(self) -> None:
        """Every number of a session of two was given back."""
        self.assertEqual(self.numbers_in_use, [])


def _walk(seed: int) -> Any:
    def test(self: AnyOrder) -> None:
        self.walk(seed)
        self.link.statuses = []
        for held in self.link.held:
            if not held.called:
                held.callback(self.link.answer())
        self.network.advance(60)

    test.__doc__ = f"Walk {seed} leaves nothing behind."
    return test


for _seed in range(40):
    setattr(AnyOrder, f"test_walk_{_seed:02}", _walk(_seed))
