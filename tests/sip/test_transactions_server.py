"""The non-INVITE server transaction, sentence by sentence (RFC 3261 17.2.2)."""

from __future__ import annotations

from cpmgw.sip.transaction import server
from cpmgw.sip.transaction.machine import Effect, On, State, Timing
from tests.sip.machines import MachineTestCase

TRYING, PROCEEDING = State.TRYING, State.PROCEEDING
COMPLETED, TERMINATED = State.COMPLETED, State.TERMINATED


class ServerTests(MachineTestCase):
    table = server.TRANSITIONS
    events = server.EVENTS
    arrows = {
        State.INITIAL: {On.REQUEST: TRYING},
        TRYING: {
            On.REQUEST: TRYING,
            On.TIMER_100: PROCEEDING,
            On.TU_PROVISIONAL: PROCEEDING,
            On.TU_FINAL: COMPLETED,
        },
        PROCEEDING: {
            On.REQUEST: PROCEEDING,
            On.TU_PROVISIONAL: PROCEEDING,
            On.TU_FINAL: COMPLETED,
            On.TRANSPORT_ERROR: TERMINATED,
        },
        COMPLETED: {
            On.REQUEST: COMPLETED,
            On.TU_FINAL: COMPLETED,
            On.TRANSPORT_ERROR: TERMINATED,
            On.TIMER_J: TERMINATED,
        },
    }

    def test_every_pair(self) -> None:
        """Figure 8 has these arrows and no others."""
        self.check_every_pair()

    def test_start(self) -> None:
        """It is initialized in Trying and passed the request; a 100 will be due."""
        self.assertStep(
            State.INITIAL, On.REQUEST, TRYING, Effect.PASS, Effect.START_100
        )

    def test_retransmission_in_trying(self) -> None:
        """Once in Trying, any further request retransmissions are discarded."""
        self.assertStep(TRYING, On.REQUEST, TRYING)

    def test_provisional(self) -> None:
        """A provisional response from the TU MUST be sent; then Proceeding."""
        self.assertStep(TRYING, On.TU_PROVISIONAL, PROCEEDING, Effect.STOP, Effect.SEND)
        self.assertStep(PROCEEDING, On.TU_PROVISIONAL, PROCEEDING, Effect.SEND)

    def test_late_100(self) -> None:
        """Without an answer by the time Timer E is T2, a 100 is sent (RFC 4320 4.1)."""
        self.assertStep(TRYING, On.TIMER_100, PROCEEDING, Effect.TRYING)
        self.assertEqual(3.5, Timing().non_invite_trying)
        self.assertEqual(0.0, Timing(t1=4.0).non_invite_trying)

    def test_retransmission_in_proceeding(self) -> None:
        """In Proceeding the most recently sent provisional is sent again."""
        self.assertStep(PROCEEDING, On.REQUEST, PROCEEDING, Effect.SEND)

    def test_final(self) -> None:
        """A final response MUST be sent; then Completed, with Timer J."""
        for state in (TRYING, PROCEEDING):
            self.assertStep(
                state, On.TU_FINAL, COMPLETED, Effect.STOP, Effect.SEND, Effect.START_J
            )

    def test_retransmission_in_completed(self) -> None:
        """In Completed the final response MUST be sent for each retransmission."""
        self.assertStep(COMPLETED, On.REQUEST, COMPLETED, Effect.SEND)

    def test_second_final(self) -> None:
        """Any other final responses from the TU MUST be discarded in Completed."""
        self.assertStep(COMPLETED, On.TU_FINAL, COMPLETED)

    def test_transport_error(self) -> None:
        """A transport error is told to the TU, and ends the transaction (figure 8)."""
        for state in (PROCEEDING, COMPLETED):
            self.assertStep(state, On.TRANSPORT_ERROR, TERMINATED, Effect.FAIL)

    def test_timer_j(self) -> None:
        """When Timer J fires, the transaction MUST end; 64*T1 on UDP, else zero."""
        self.assertStep(COMPLETED, On.TIMER_J, TERMINATED)
        self.assertEqual(32.0, Timing().delays(reliable=False)[Effect.START_J])
        self.assertEqual(0.0, Timing().delays(reliable=True)[Effect.START_J])
