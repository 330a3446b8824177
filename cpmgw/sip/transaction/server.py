"""The non-INVITE server transaction (RFC 3261 17.2.2, figure 8, and RFC 4320 4.1)."""

from __future__ import annotations

from typing import Final

from cpmgw.sip.transaction.machine import NOTHING, Effect, On, State, Table

EVENTS: Final = (
    On.REQUEST,
    On.TU_PROVISIONAL,
    On.TU_FINAL,
    On.TIMER_100,
    On.TIMER_J,
    On.TRANSPORT_ERROR,
)

_SETTLE: Final = ((Effect.STOP, Effect.SEND, Effect.START_J), State.COMPLETED)

# One line for each arrow of the figure; TIMER_100 is the one of RFC 4320 4.1.
TRANSITIONS: Final[Table] = {
    (State.INITIAL, On.REQUEST): ((Effect.PASS, Effect.START_100), State.TRYING),
    (State.TRYING, On.REQUEST): (NOTHING, State.TRYING),
    (State.TRYING, On.TIMER_100): ((Effect.TRYING,), State.PROCEEDING),
    (State.TRYING, On.TU_PROVISIONAL): (
        (Effect.STOP, Effect.SEND),
        State.PROCEEDING,
    ),
    (State.TRYING, On.TU_FINAL): _SETTLE,
    (State.PROCEEDING, On.REQUEST): ((Effect.SEND,), State.PROCEEDING),
    (State.PROCEEDING, On.TU_PROVISIONAL): ((Effect.SEND,), State.PROCEEDING),
    (State.PROCEEDING, On.TU_FINAL): _SETTLE,
    (State.PROCEEDING, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.TERMINATED),
    (State.COMPLETED, On.REQUEST): ((Effect.SEND,), State.COMPLETED),
    (State.COMPLETED, On.TU_FINAL): (NOTHING, State.COMPLETED),
    (State.COMPLETED, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.TERMINATED),
    (State.COMPLETED, On.TIMER_J): (NOTHING, State.TERMINATED),
}
