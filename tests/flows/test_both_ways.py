"""One direction does not hold the other up."""

from __future__ import annotations

from cpmgw.lab.behaviour import CpmBehaviour
from tests.flows.house import ALICE, BOB, House


class SilentCpmSide(House):
    smsc = "peer_window = 20"

    def test_outbound_beside_a_flood_that_nobody_takes(self) -> None:
        """While short messages wait for a silent CPM side others leave all the same."""
        self.cpm.behave(CpmBehaviour(silent=True))
        for number in range(60):
            self.centre.send_sms(BOB[4:], ALICE[4:], f"message {number}")
        self.settle()
        sent = self.send(text="Hello", imdn=())
        self.assertEqual(sent.status, 202)

    def test_all_of_them_arrive_in_the_end(self) -> None:
        """What was told to come later comes, once."""
        self.cpm.behave(CpmBehaviour(silent=True))
        for number in range(60):
            self.centre.send_sms(BOB[4:], ALICE[4:], f"message {number}")
        self.settle()
        self.cpm.behave(CpmBehaviour())
        for _ in range(30):
            self.network.advance(5)
            self.settle()
        texts = self.cpm.user(ALICE).texts
        self.assertEqual(sorted(texts), sorted(f"message {n}" for n in range(60)))
