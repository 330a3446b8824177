"""What the four transaction machines share: states, events, effects and timer values.

A machine is a table from (state, event) to (effects, next state); `advance` looks one
step up and performs nothing (RFC 3261 17, RFC 6026, RFC 4320).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, TypeAlias

import msgspec


class State(IntEnum):
    """The states of figures 5 to 8; INITIAL stands before the first event."""

    INITIAL = 0
    CALLING = 1
    TRYING = 2
    PROCEEDING = 3
    COMPLETED = 4
    CONFIRMED = 5
    ACCEPTED = 6
    TERMINATED = 7


class On(IntEnum):
    """What can happen to a transaction.

    SEND, and the names with TU, come from the transaction user; PROVISIONAL, SUCCESS,
    FAILURE (300-699) and FINAL (200-699) are responses from the network; REQUEST is
    the request or its retransmission.
    """

    SEND = 0
    REQUEST = 1
    ACK = 2
    PROVISIONAL = 3
    SUCCESS = 4
    FAILURE = 5
    FINAL = 6
    TU_PROVISIONAL = 7
    TU_SUCCESS = 8
    TU_FAILURE = 9
    TU_FINAL = 10
    TRANSPORT_ERROR = 11
    TIMER_100 = 12
    TIMER_A = 13
    TIMER_B = 14
    TIMER_D = 15
    TIMER_E = 16
    TIMER_F = 17
    TIMER_G = 18
    TIMER_H = 19
    TIMER_I = 20
    TIMER_J = 21
    TIMER_K = 22
    TIMER_L = 23
    TIMER_M = 24


class Effect(IntEnum):
    """What the layer has to do after a step; a timer's number is its event's.

    SEND is the request of a client and the newest response of a server; ACK is the
    acknowledgement of 17.1.1.3; TRYING is a 100; PASS hands the message to the
    transaction user; TIMEOUT and FAIL tell it of the end without an answer.
    """

    SEND = 0
    ACK = 1
    TRYING = 2
    PASS = 3
    TIMEOUT = 4
    FAIL = 5
    STOP = 6
    START_100 = On.TIMER_100
    START_A = On.TIMER_A
    START_B = On.TIMER_B
    START_D = On.TIMER_D
    START_E = On.TIMER_E
    START_F = On.TIMER_F
    START_G = On.TIMER_G
    START_H = On.TIMER_H
    START_I = On.TIMER_I
    START_J = On.TIMER_J
    START_K = On.TIMER_K
    START_L = On.TIMER_L
    START_M = On.TIMER_M
    AGAIN_A = 32 + On.TIMER_A
    AGAIN_E = 32 + On.TIMER_E
    AGAIN_G = 32 + On.TIMER_G
    SLOW_E = 64 + On.TIMER_E


Step: TypeAlias = tuple[tuple[Effect, ...], State]
Table: TypeAlias = Mapping[tuple[State, On], Step]


class NoTransition(Exception):
    """An event that the figure does not have in this state."""

    def __init__(self, state: State, on: On) -> None:
        super().__init__(f"{on.name} in {state.name}")
        self.state = state
        self.on = on


def advance(table: Table, state: State, on: On) -> Step:
    """Give the effects of an event and the next state; refuse what has no arrow."""
    step = table.get((state, on))
    if step is None:
        raise NoTransition(state, on)
    return step


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """T1, T2, T4 and what follows from them, in seconds (RFC 3261 table 4).

    `d` is Timer D on unreliable transports; `invite_trying` the 200 ms of 17.2.1.
    """

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0
    d: float = 32.0
    invite_trying: float = 0.2

    @property
    def transaction(self) -> float:
        """64*T1: timers B, F, H, J, L and M."""
        return 64 * self.t1

    @property
    def non_invite_trying(self) -> float:
        """When Timer E of a client has reached T2: a 100 is due (RFC 4320 4.1)."""
        elapsed, interval = 0.0, self.t1
        while interval < self.t2:
            elapsed += interval
            interval *= 2
        return elapsed

    def delays(self, *, reliable: bool) -> dict[int, float | None]:
        """Each START effect's delay; None: not on this transport; 0: at once."""
        whole = self.transaction
        none_if_reliable = None if reliable else self.t1
        return {
            Effect.START_A: none_if_reliable,
            Effect.START_B: whole,
            Effect.START_D: 0.0 if reliable else max(self.d, whole),
            Effect.START_E: none_if_reliable,
            Effect.START_F: whole,
            Effect.START_G: none_if_reliable,
            Effect.START_H: whole,
            Effect.START_I: 0.0 if reliable else self.t4,
            Effect.START_J: 0.0 if reliable else whole,
            Effect.START_K: 0.0 if reliable else self.t4,
            Effect.START_L: whole,
            Effect.START_M: whole,
        }

    def again(self, effect: Effect, interval: float) -> float:
        """The next interval of a timer that fired after `interval`.

        Timer A doubles without a bound; E and G up to T2; E in Proceeding is T2.
        """
        if effect is Effect.SLOW_E:
            return self.t2
        if effect is Effect.AGAIN_A:
            return interval * 2
        return min(interval * 2, self.t2)


NOTHING: Final[tuple[Effect, ...]] = ()
