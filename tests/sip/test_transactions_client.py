"""The non-INVITE client transaction, sentence by sentence (RFC 3261 17.1.2)."""

from __future__ import annotations

from cpmgw.sip.transaction import client
from cpmgw.sip.transaction.machine import Effect, On, State, Timing
from tests.sip.machines import MachineTestCase

TRYING, PROCEEDING = State.TRYING, State.PROCEEDING
COMPLETED, TERMINATED = State.COMPLETED, State.TERMINATED


class ClientTests(MachineTestCase):
    table = client.TRANSITIONS
    events = client.EVENTS
    arrows = {
        State.INITIAL: {On.SEND: TRYING},
        TRYING: {
            On.TIMER_E: TRYING,
            On.TIMER_F: TERMINATED,
            On.TRANSPORT_ERROR: TERMINATED,
            On.PROVISIONAL: PROCEEDING,
            On.FINAL: COMPLETED,
        },
        PROCEEDING: {
            On.TIMER_E: PROCEEDING,
            On.TIMER_F: TERMINATED,
            On.TRANSPORT_ERROR: TERMINATED,
            On.PROVISIONAL: PROCEEDING,
            On.FINAL: COMPLETED,
        },
        COMPLETED: {
            On.PROVISIONAL: COMPLETED,
            On.FINAL: COMPLETED,
            On.TIMER_K: TERMINATED,
        },
    }

    def test_every_pair(self) -> None:
        """Figure 6 has these arrows and no others."""
        self.check_every_pair()

    def test_start(self) -> None:
        """Entering Trying, it sends the request and sets timers E and F."""
        self.assertStep(
            State.INITIAL, On.SEND, TRYING, Effect.SEND, Effect.START_E, Effect.START_F
        )

    def test_timer_e_in_trying(self) -> None:
        """If timer E fires in Trying, it is reset to MIN(2*T1, T2) and so on."""
        self.assertStep(TRYING, On.TIMER_E, TRYING, Effect.SEND, Effect.AGAIN_E)
        timing = Timing()
        intervals = [timing.t1]
        for _ in range(5):
            intervals.append(timing.again(Effect.AGAIN_E, intervals[-1]))
        self.assertEqual([0.5, 1.0, 2.0, 4.0, 4.0, 4.0], intervals)

    def test_timer_e_in_proceeding(self) -> None:
        """If Timer E fires in Proceeding, it MUST be reset to T2 (not doubled)."""
        self.assertStep(PROCEEDING, On.TIMER_E, PROCEEDING, Effect.SEND, Effect.SLOW_E)
        self.assertEqual(4.0, Timing().again(Effect.SLOW_E, 0.5))

    def test_timer_f(self) -> None:
        """If Timer F fires, the client transaction SHOULD inform the TU and end."""
        for state in (TRYING, PROCEEDING):
            self.assertStep(state, On.TIMER_F, TERMINATED, Effect.TIMEOUT)

    def test_transport_error(self) -> None:
        """The TU SHOULD be informed of a transport error (17.1.4)."""
        for state in (TRYING, PROCEEDING):
            self.assertStep(state, On.TRANSPORT_ERROR, TERMINATED, Effect.FAIL)

    def test_provisional(self) -> None:
        """A provisional response MUST be passed to the TU; then Proceeding."""
        for state in (TRYING, PROCEEDING):
            self.assertStep(state, On.PROVISIONAL, PROCEEDING, Effect.PASS)

    def test_final(self) -> None:
        """A final response MUST be passed to the TU; then Completed, with Timer K."""
        for state in (TRYING, PROCEEDING):
            self.assertStep(
                state, On.FINAL, COMPLETED, Effect.STOP, Effect.PASS, Effect.START_K
            )

    def test_retransmitted_final(self) -> None:
        """Completed exists to buffer additional response retransmissions."""
        self.assertStep(COMPLETED, On.FINAL, COMPLETED)
        self.assertStep(COMPLETED, On.PROVISIONAL, COMPLETED)

    def test_timer_k(self) -> None:
        """If Timer K fires in Completed, the transaction MUST end."""
        self.assertStep(COMPLETED, On.TIMER_K, TERMINATED)

    def test_delays(self) -> None:
        """E is T1 and K is T4 on UDP; neither on a reliable transport; F is 64*T1."""
        timing = Timing()
        unreliable = timing.delays(reliable=False)
        reliable = timing.delays(reliable=True)
        self.assertEqual(0.5, unreliable[Effect.START_E])
        self.assertEqual(5.0, unreliable[Effect.START_K])
        self.assertEqual(32.0, unreliable[Effect.START_F])
        self.assertIs(None, reliable[Effect.START_E])
        self.assertEqual(0.0, reliable[Effect.START_K])
        self.assertEqual(32.0, reliable[Effect.START_F])
