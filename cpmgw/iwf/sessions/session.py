"""One CPM session with a Non-CPM user, from invitation to end (TS 6.1.4, 6.1.6).

It is the user of the call (`CallUser`), and does what the machine says; MSRP is the
affair of its `Messages`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from cpmgw.cpm.reason import reason
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.sessions import modification
from cpmgw.iwf.sessions.answers import describing
from cpmgw.iwf.sessions.bearer import Membership
from cpmgw.iwf.sessions.machine import (
    ESTABLISHED,
    REASONS,
    Do,
    On,
    State,
    advance,
)
from cpmgw.iwf.sessions.messages import Messages
from cpmgw.iwf.sessions.participants import Participants
from cpmgw.iwf.sessions.question import Question, Verdict
from cpmgw.sip.dialogs.interfaces import End, Ending

if TYPE_CHECKING:
    from cpmgw.iwf.media import Answered
    from cpmgw.iwf.sessions.bearer import Place
    from cpmgw.iwf.sessions.house import SessionHouse
    from cpmgw.iwf.sessions.invitation import Invitation
    from cpmgw.sip.dialogs.call import Call
    from cpmgw.sip.dialogs.incoming import IncomingCall
    from cpmgw.sip.message import Request, Response


class Session:
    """A CPM user or group on one side, a Non-CPM user on the other."""

    log = Logger()

    __slots__ = (
        "_call",
        "_house",
        "_idle",
        "_is_known",
        "_question",
        "_stood",
        "_waiting",
        "membership",
        "messages",
        "state",
    )

    def __init__(self, membership: Membership, house: SessionHouse) -> None:
        self.membership = membership
        self.state = State.INVITED
        self.messages = Messages(membership, house, self._on)
        self._house = house
        self._call: Call | None = None
        self._question: Question | None = None
        self._idle: IDelayedCall | None = None
        self._is_known = membership.goes_on
        self._stood = False
        self._waiting: list[Deferred[None]] = []

    # -- what it is --------------------------------------------------------------------

    @property
    def key(self) -> str:
        """Our own name of it."""
        return self.membership.key

    @property
    def invitation(self) -> Invitation:
        """The invitation that it began with."""
        return self.membership.invitation

    @property
    def place(self) -> Place:
        """What the user answers to, and the user."""
        return self.membership.place

    @property
    def is_asking(self) -> bool:
        """Whether an answer of the user is awaited."""
        return self._question is not None and self._question.is_open

    @property
    def can_send(self) -> bool:
        """Whether messages of the user can go into it."""
        return self.state in ESTABLISHED and self.messages.can_send

    # -- the invitation ----------------------------------------------------------------

    async def ask(self) -> Verdict:
        """Ask the user (6.1.4 step 8 c, 6.1.5 step 6 b); CannotInterwork if that fails.

        The answer comes by `answer`, or not in time.
        """
        membership, house = self.membership, self._house
        patience = membership.policy.session.answer_timeout
        self._question = question = Question(house.clock, patience)
        try:
            verdict = await question.put(house.bearer.notices.ask(membership))
        finally:
            self._question = None
        self._is_known |= verdict is Verdict.YES
        return verdict

    async def inform(self) -> None:
        """Tell the user of it (6.2.2.1.3); CannotInterwork if that fails.

        What may have been told counts as told, also where nobody waits any more.
        """
        self._is_known = True
        try:
            await self._house.bearer.notices.inform(self.membership)
        except CannotInterwork as failure:
            if not failure.may_have_left:
                self._is_known = False
                raise
            self.log.debug("perhaps not informed: {why}", why=failure.warning)

    def answer(self, verdict: Verdict) -> None:
        """The user's answer, or why there will be none."""
        if self._question is not None:
            self._question.settle(verdict)

    def accept(self, incoming: IncomingCall, stream: Answered) -> Response:
        """Take part; the 200 (6.1.4 step 6)."""
        headers = self._house.bearer.acceptance(self.membership, stream.body)
        self._call, response = incoming.accept(self, body=stream.body, headers=headers)
        self._on(On.ACCEPT)
        return response

    def refuse(self) -> None:
        """The invitation comes to nothing; one that was accepted stays so."""
        if self.state is State.INVITED:
            self._on(On.REFUSE)

    # -- the call ----------------------------------------------------------------------

    def acknowledged(self, ack: Request) -> None:
        """The ACK of the 200 has come (CallUser)."""
        self._on(On.ACK)

    async def modified(self, request: Request) -> Response:
        """Another offer (CallUser, 6.1.5)."""
        return await modification.answer(self, request, self._house)

    def answered(self, description: bytes) -> None:
        """The answer to what we have said again; what does not fit changes nothing."""
        if self.messages.stream is None:
            return
        try:
            self.messages.stream.described(description)
        except CannotInterwork as error:
            self.log.debug("an answer of no use: {why}", why=error.warning)

    def closing(self, bye: Request) -> Sequence[tuple[str, str]]:
        """What the 200 to a BYE says beside (CallUser)."""
        return describing(self.membership, self._house.bearer.service)

    def ended(self, end: End) -> None:
        """The call is over (CallUser)."""
        self.answer(Verdict.TAKEN_BACK)
        came = end.how is Ending.BYE_RECEIVED
        self._on(On.CLOSED if came else On.BROKEN)

    async def leave(self) -> None:
        """The user leaves: BYE, and comes back when all is released (6.1.6.2)."""
        self._on(On.LEFT)
        if self.state is not State.OVER:
            released: Deferred[None] = Deferred()
            self._waiting.append(released)
            await released

    # -- what the machine says ---------------------------------------------------------

    def _on(self, on: On) -> None:
        if on is On.LOST:
            self.answer(Verdict.TAKEN_BACK)
        acts, self.state = advance(self.state, on)
        for act in acts:
            _ACTS[act](self, on)

    def _establish(self, _: On) -> None:
        """The session stands (6.1.4, 6.1.7)."""
        house, membership = self._house, self.membership
        policy = membership.policy.session
        self._is_known = self._stood = True
        house.traffic.sessions += 1
        self.messages.begin()
        if self.state is not State.STANDING:  # lost already
            return
        for older in house.register.between(self.invitation.initiator, self.place[1]):
            if older is not self and _replaces(policy.second_invitation, self):
                older.replaced()
        if policy.idle_timeout:
            self._wait_for_idleness(policy.idle_timeout)
        if self.invitation.is_group and policy.participant_information:
            self.messages.participants = Participants(membership, house)
            self.messages.participants.start()

    def replaced(self) -> None:
        """A newer session stands in its place (RCC.10 6.1.4)."""
        if self.state is State.STANDING:
            self._on(On.REPLACED)

    def _drop(self, _: On) -> None:
        """What waits for its turn is not delivered any more."""
        self.messages.drop()

    def _tell(self, on: On) -> None:
        """Tell the user that it was closed, where policy wants it (6.1.6.1 step 3).

        One that never stood is closed for those who know of it only; and not where it
        was to take the place of one that goes on.
        """
        if on is On.REFUSE and self.membership.goes_on:
            return
        wanted = self.membership.policy.session.inform_closed
        is_wanted = wanted == "always" or (
            wanted == "group" and self.invitation.is_group
        )
        if is_wanted and self._is_known:
            telling = self._house.bearer.notices.closed(self.membership)
            self._run(self._house.turns.take(self.place, telling), "closing")

    def _bye(self, on: On) -> None:
        cause, text = REASONS.get(on) or (480, self._failure())
        assert self._call is not None
        ended = self._call.bye((reason(cause, text),))
        ended.addErrback(lambda failure: self.log.failure("BYE failed", failure))

    def _failure(self) -> str:
        return self._house.bearer.failure(self.membership.policy)

    def _release(self, _: On) -> None:
        """Let go of all that it held (6.1.6.1 step 5)."""
        if self._idle is not None and self._idle.active():
            self._idle.cancel()
        if self.messages.participants is not None:
            self.messages.participants.stop()
        self.messages.close()
        if self._stood:
            self._house.traffic.sessions -= 1
        self._house.bearer.free(self.membership)
        self._house.register.remove(self)
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.called:
                each.callback(None)

    def _run(self, work: Coroutine[Deferred[Any], Any, None], what: str) -> None:
        self._house.background.run(work, what)

    # -- idleness ----------------------------------------------------------------------

    def _wait_for_idleness(self, seconds: float) -> None:
        self._idle = self._house.clock.callLater(seconds, self._look_if_idle)

    def _look_if_idle(self) -> None:
        idle_timeout = self.membership.policy.session.idle_timeout
        left = self.messages.active + idle_timeout - self._house.clock.seconds()
        if left > 0:
            self._wait_for_idleness(left)
        else:
            self._on(On.IDLE)


_ACTS: Final[Mapping[Do, Callable[[Session, On], None]]] = {
    Do.ESTABLISH: Session._establish,
    Do.DROP: Session._drop,
    Do.TELL: Session._tell,
    Do.BYE: Session._bye,
    Do.RELEASE: Session._release,
}


def _replaces(second_invitation: str, session: Session) -> bool:
    """Whether a session takes the place of earlier ones; that of a group always."""
    return session.invitation.is_group or second_invitation == "replace"
