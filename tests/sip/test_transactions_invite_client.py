"""The INVITE client transaction, sentence by sentence (RFC 3261 17.1.1, RFC 6026)."""

from __future__ import annotations

from cpmgw.sip.transaction import invite_client
from cpmgw.sip.transaction.machine import Effect, On, State, Timing
from tests.sip.machines import MachineTestCase

CALLING, PROCEEDING, ACCEPTED = State.CALLING, State.PROCEEDING, State.ACCEPTED
COMPLETED, TERMINATED = State.COMPLETED, State.TERMINATED


class InviteClientTests(MachineTestCase):
    table = invite_client.TRANSITIONS
    events = invite_client.EVENTS
    arrows = {
        State.INITIAL: {On.SEND: CALLING},
        CALLING: {
            On.TIMER_A: CALLING,
            On.TIMER_B: TERMINATED,
            On.TRANSPORT_ERROR: TERMINATED,
            On.PROVISIONAL: PROCEEDING,
            On.SUCCESS: ACCEPTED,
            On.FAILURE: COMPLETED,
        },
        PROCEEDING: {
            On.PROVISIONAL: PROCEEDING,
            On.SUCCESS: ACCEPTED,
            On.FAILURE: COMPLETED,
        },
        COMPLETED: {
            On.FAILURE: COMPLETED,
            On.TRANSPORT_ERROR: TERMINATED,
            On.TIMER_D: TERMINATED,
        },
        ACCEPTED: {On.SUCCESS: ACCEPTED, On.TIMER_M: TERMINATED},
    }

    def test_every_pair(self) -> None:
        """Figure 5, with the Accepted state of RFC 6026, has these arrows only."""
        self.check_every_pair()

    def test_start(self) -> None:
        """Calling MUST be entered with the request sent, timers A and B running."""
        self.assertStep(
            State.INITIAL, On.SEND, CALLING, Effect.SEND, Effect.START_A, Effect.START_B
        )

    def test_timer_a(self) -> None:
        """When timer A fires, the request is retransmitted and A doubled each time."""
        self.assertStep(CALLING, On.TIMER_A, CALLING, Effect.SEND, Effect.AGAIN_A)
        timing, interval, intervals = Timing(), 0.5, []
        for _ in range(6):
            interval = timing.again(Effect.AGAIN_A, interval)
            intervals.append(interval)
        self.assertEqual([1, 2, 4, 8, 16, 32], intervals)

    def test_timer_b(self) -> None:
        """In Calling when timer B fires, it SHOULD inform the TU of a timeout."""
        self.assertStep(CALLING, On.TIMER_B, TERMINATED, Effect.TIMEOUT)

    def test_provisional(self) -> None:
        """A provisional response in Calling: Proceeding, no retransmission, passed."""
        self.assertStep(CALLING, On.PROVISIONAL, PROCEEDING, Effect.STOP, Effect.PASS)
        self.assertStep(PROCEEDING, On.PROVISIONAL, PROCEEDING, Effect.PASS)

    def test_failure(self) -> None:
        """A 300-699 MUST make it Completed, MUST generate an ACK, MUST pass it up."""
        for state in (CALLING, PROCEEDING):
            self.assertStep(
                state,
                On.FAILURE,
                COMPLETED,
                Effect.STOP,
                Effect.ACK,
                Effect.PASS,
                Effect.START_D,
            )

    def test_retransmitted_failure(self) -> None:
        """In Completed the ACK is passed again; the response MUST NOT go to the TU."""
        self.assertStep(COMPLETED, On.FAILURE, COMPLETED, Effect.ACK)

    def test_timer_d(self) -> None:
        """Timer D: at least 32 seconds on UDP, zero on reliable transports."""
        self.assertStep(COMPLETED, On.TIMER_D, TERMINATED)
        self.assertEqual(32.0, Timing(t1=0.1).delays(reliable=False)[Effect.START_D])
        self.assertEqual(0.0, Timing().delays(reliable=True)[Effect.START_D])

    def test_success(self) -> None:
        """A 2xx MUST make it Accepted with Timer M, and goes to the TU (RFC 6026)."""
        for state in (CALLING, PROCEEDING):
            self.assertStep(
                state, On.SUCCESS, ACCEPTED, Effect.STOP, Effect.PASS, Effect.START_M
            )

    def test_retransmitted_success(self) -> None:
        """In Accepted a 2xx is passed to the TU, which acknowledges it (RFC 6026)."""
        self.assertStep(ACCEPTED, On.SUCCESS, ACCEPTED, Effect.PASS)

    def test_timer_m(self) -> None:
        """Timer M, 64*T1 on any transport, ends it (RFC 6026 8.4)."""
        self.assertStep(ACCEPTED, On.TIMER_M, TERMINATED)
        for reliable in (False, True):
            self.assertEqual(32.0, Timing().delays(reliable=reliable)[Effect.START_M])

    def test_transport_error(self) -> None:
        """A transport error is told to the TU, and ends the transaction."""
        for state in (CALLING, COMPLETED):
            self.assertStep(state, On.TRANSPORT_ERROR, TERMINATED, Effect.FAIL)
