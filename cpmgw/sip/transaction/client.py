"""The non-INVITE client transaction (RFC 3261 17.1.2, figure 6)."""

from __future__ import annotations

from typing import Final

from cpmgw.sip.transaction.machine import NOTHING, Effect, On, State, Table

EVENTS: Final = (
    On.SEND,
    On.PROVISIONAL,
    On.FINAL,
    On.TIMER_E,
    On.TIMER_F,
    On.TIMER_K,
    On.TRANSPORT_ERROR,
)

_SETTLE: Final = ((Effect.STOP, Effect.PASS, Effect.START_K), State.COMPLETED)

# One line for each arrow of the figure; a late 1xx in Completed changes nothing.
TRANSITIONS: Final[Table] = {
    (State.INITIAL, On.SEND): (
        (Effect.SEND, Effect.START_E, Effect.START_F),
        State.TRYING,
    ),
    (State.TRYING, On.TIMER_E): ((Effect.SEND, Effect.AGAIN_E), State.TRYING),
    (State.TRYING, On.TIMER_F): ((Effect.TIMEOUT,), State.TERMINATED),
    (State.TRYING, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.TERMINATED),
    (State.TRYING, On.PROVISIONAL): ((Effect.PASS,), State.PROCEEDING),
    (State.TRYING, On.FINAL): _SETTLE,
    (State.PROCEEDING, On.TIMER_E): ((Effect.SEND, Effect.SLOW_E), State.PROCEEDING),
    (State.PROCEEDING, On.TIMER_F): ((Effect.TIMEOUT,), State.TERMINATED),
    (State.PROCEEDING, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.TERMINATED),
    (State.PROCEEDING, On.PROVISIONAL): ((Effect.PASS,), State.PROCEEDING),
    (State.PROCEEDING, On.FINAL): _SETTLE,
    (State.COMPLETED, On.PROVISIONAL): (NOTHING, State.COMPLETED),
    (State.COMPLETED, On.FINAL): (NOTHING, State.COMPLETED),
    (State.COMPLETED, On.TIMER_K): (NOTHING, State.TERMINATED),
}
