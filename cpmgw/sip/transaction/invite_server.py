"""The INVITE server transaction (RFC 3261 17.2.1, figure 7, as RFC 6026 8.5 has it).

A transport error no longer ends it: retransmissions must go on being absorbed
(RFC 6026 7.1).
"""

from __future__ import annotations

from typing import Final

from cpmgw.sip.transaction.machine import NOTHING, Effect, On, State, Table

EVENTS: Final = (
    On.REQUEST,
    On.ACK,
    On.TU_PROVISIONAL,
    On.TU_SUCCESS,
    On.TU_FAILURE,
    On.TIMER_100,
    On.TIMER_G,
    On.TIMER_H,
    On.TIMER_I,
    On.TIMER_L,
    On.TRANSPORT_ERROR,
)

# One line for each arrow of the figure; TIMER_100 is the 200 ms of 17.2.1.
TRANSITIONS: Final[Table] = {
    (State.INITIAL, On.REQUEST): (
        (Effect.PASS, Effect.START_100),
        State.PROCEEDING,
    ),
    (State.PROCEEDING, On.TIMER_100): ((Effect.TRYING,), State.PROCEEDING),
    (State.PROCEEDING, On.REQUEST): ((Effect.SEND,), State.PROCEEDING),
    (State.PROCEEDING, On.TU_PROVISIONAL): (
        (Effect.STOP, Effect.SEND),
        State.PROCEEDING,
    ),
    (State.PROCEEDING, On.TU_SUCCESS): (
        (Effect.STOP, Effect.SEND, Effect.START_L),
        State.ACCEPTED,
    ),
    (State.PROCEEDING, On.TU_FAILURE): (
        (Effect.STOP, Effect.SEND, Effect.START_G, Effect.START_H),
        State.COMPLETED,
    ),
    (State.PROCEEDING, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.PROCEEDING),
    (State.COMPLETED, On.REQUEST): ((Effect.SEND,), State.COMPLETED),
    (State.COMPLETED, On.TIMER_G): ((Effect.SEND, Effect.AGAIN_G), State.COMPLETED),
    (State.COMPLETED, On.TIMER_H): ((Effect.FAIL,), State.TERMINATED),
    (State.COMPLETED, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.COMPLETED),
    (State.COMPLETED, On.ACK): ((Effect.STOP, Effect.START_I), State.CONFIRMED),
    (State.CONFIRMED, On.ACK): (NOTHING, State.CONFIRMED),
    (State.CONFIRMED, On.REQUEST): (NOTHING, State.CONFIRMED),
    (State.CONFIRMED, On.TIMER_I): (NOTHING, State.TERMINATED),
    (State.ACCEPTED, On.REQUEST): (NOTHING, State.ACCEPTED),
    (State.ACCEPTED, On.ACK): ((Effect.PASS,), State.ACCEPTED),
    (State.ACCEPTED, On.TU_SUCCESS): ((Effect.SEND,), State.ACCEPTED),
    (State.ACCEPTED, On.TRANSPORT_ERROR): ((Effect.FAIL,), State.ACCEPTED),
    (State.ACCEPTED, On.TIMER_L): (NOTHING, State.TERMINATED),
}
