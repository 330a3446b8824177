"""The INVITE server transaction, sentence by sentence (RFC 3261 17.2.1, RFC 6026)."""

from __future__ import annotations

from cpmgw.sip.transaction import invite_server
from cpmgw.sip.transaction.machine import Effect, On, State, Timing
from tests.sip.machines import MachineTestCase

PROCEEDING, ACCEPTED = State.PROCEEDING, State.ACCEPTED
COMPLETED, CONFIRMED = State.COMPLETED, State.CONFIRMED
TERMINATED = State.TERMINATED


class InviteServerTests(MachineTestCase):
    table = invite_server.TRANSITIONS
    events = invite_server.EVENTS
    arrows = {
        State.INITIAL: {On.REQUEST: PROCEEDING},
        PROCEEDING: {
            On.REQUEST: PROCEEDING,
            On.TIMER_100: PROCEEDING,
            On.TU_PROVISIONAL: PROCEEDING,
            On.TU_SUCCESS: ACCEPTED,
            On.TU_FAILURE: COMPLETED,
            On.TRANSPORT_ERROR: PROCEEDING,
        },
        COMPLETED: {
            On.REQUEST: COMPLETED,
            On.TIMER_G: COMPLETED,
            On.TIMER_H: TERMINATED,
            On.TRANSPORT_ERROR: COMPLETED,
            On.ACK: CONFIRMED,
        },
        CONFIRMED: {
            On.ACK: CONFIRMED,
            On.REQUEST: CONFIRMED,
            On.TIMER_I: TERMINATED,
        },
        ACCEPTED: {
            On.REQUEST: ACCEPTED,
            On.ACK: ACCEPTED,
            On.TU_SUCCESS: ACCEPTED,
            On.TRANSPORT_ERROR: ACCEPTED,
            On.TIMER_L: TERMINATED,
        },
    }

    def test_every_pair(self) -> None:
        """Figure 7, with the Accepted state of RFC 6026, has these arrows only."""
        self.check_every_pair()

    def test_start(self) -> None:
        """It enters Proceeding; the request MUST be passed to the TU."""
        self.assertStep(
            State.INITIAL, On.REQUEST, PROCEEDING, Effect.PASS, Effect.START_100
        )

    def test_trying(self) -> None:
        """It MUST generate a 100 unless the TU answers within 200 ms."""
        self.assertStep(PROCEEDING, On.TIMER_100, PROCEEDING, Effect.TRYING)
        self.assertEqual(0.2, Timing().invite_trying)

    def test_provisional(self) -> None:
        """A provisional response of the TU is sent, and stops the 100."""
        self.assertStep(
            PROCEEDING, On.TU_PROVISIONAL, PROCEEDING, Effect.STOP, Effect.SEND
        )

    def test_retransmission(self) -> None:
        """A retransmission gets the most recent provisional, or the final response."""
        self.assertStep(PROCEEDING, On.REQUEST, PROCEEDING, Effect.SEND)
        self.assertStep(COMPLETED, On.REQUEST, COMPLETED, Effect.SEND)

    def test_failure(self) -> None:
        """A 300-699 of the TU MUST be sent; then Completed with timers G and H."""
        self.assertStep(
            PROCEEDING,
            On.TU_FAILURE,
            COMPLETED,
            Effect.STOP,
            Effect.SEND,
            Effect.START_G,
            Effect.START_H,
        )

    def test_timer_g(self) -> None:
        """If timer G fires, the response is sent again; G is MIN(2*T1, T2), on UDP."""
        self.assertStep(COMPLETED, On.TIMER_G, COMPLETED, Effect.SEND, Effect.AGAIN_G)
        self.assertEqual(1.0, Timing().again(Effect.AGAIN_G, 0.5))
        self.assertEqual(4.0, Timing().again(Effect.AGAIN_G, 4.0))
        self.assertIs(None, Timing().delays(reliable=True)[Effect.START_G])

    def test_timer_h(self) -> None:
        """If timer H fires in Completed, the ACK never came: the TU is told."""
        self.assertStep(COMPLETED, On.TIMER_H, TERMINATED, Effect.FAIL)

    def test_ack(self) -> None:
        """An ACK in Completed MUST make it Confirmed, and stops timer G."""
        self.assertStep(COMPLETED, On.ACK, CONFIRMED, Effect.STOP, Effect.START_I)

    def test_confirmed(self) -> None:
        """Confirmed absorbs further ACKs; Timer I (T4, or zero) ends it."""
        self.assertStep(CONFIRMED, On.ACK, CONFIRMED)
        self.assertStep(CONFIRMED, On.REQUEST, CONFIRMED)
        self.assertStep(CONFIRMED, On.TIMER_I, TERMINATED)
        self.assertEqual(5.0, Timing().delays(reliable=False)[Effect.START_I])
        self.assertEqual(0.0, Timing().delays(reliable=True)[Effect.START_I])

    def test_success(self) -> None:
        """A 2xx of the TU is sent; then Accepted with Timer L (RFC 6026 8.5)."""
        self.assertStep(
            PROCEEDING,
            On.TU_SUCCESS,
            ACCEPTED,
            Effect.STOP,
            Effect.SEND,
            Effect.START_L,
        )

    def test_accepted(self) -> None:
        """Accepted absorbs INVITEs, passes ACKs up, sends the TU's 2xx again."""
        self.assertStep(ACCEPTED, On.REQUEST, ACCEPTED)
        self.assertStep(ACCEPTED, On.ACK, ACCEPTED, Effect.PASS)
        self.assertStep(ACCEPTED, On.TU_SUCCESS, ACCEPTED, Effect.SEND)

    def test_timer_l(self) -> None:
        """When Timer L fires, the transaction MUST end (RFC 6026 8.5)."""
        self.assertStep(ACCEPTED, On.TIMER_L, TERMINATED)
        self.assertEqual(32.0, Timing().delays(reliable=True)[Effect.START_L])

    def test_transport_error(self) -> None:
        """It MUST remain in its state on a transport error (RFC 6026 7.1)."""
        for state in (PROCEEDING, COMPLETED, ACCEPTED):
            self.assertStep(state, On.TRANSPORT_ERROR, state, Effect.FAIL)
