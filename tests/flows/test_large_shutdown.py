"""A gateway that stops hangs up its sessions (RFC 3261 15), and begins none."""

from __future__ import annotations

from cpmgw.lab.behaviour import SmsBehaviour
from tests.flows.large import TEXT, LargeOutbound


class Shutdown(LargeOutbound):
    leaves = True

    def test_hangs_up(self) -> None:
        """A session that waits for its message gets a BYE."""
        talk = self.established()
        self._stop(self.gateway)
        self.settle()
        self.assertEqual(len(talk.byes), 1)

    def test_message_in_hand(self) -> None:
        """A message that SMS works on is still remembered, and its session ended."""
        self.centre.behave(SmsBehaviour(delay=2.0))
        talk = self.established()
        talk.say(TEXT, message_id="kept").addErrback(lambda _: None)
        self.settle()
        self._stop(self.gateway)
        self.assertEqual(len(talk.byes), 1)
        self.assertEqual(self.bob.texts, [TEXT])
        self.gateway = self.start_gateway()
        again = self.established()
        self.assertEqual(self.say(again, message_id="kept"), 200)
        self.assertEqual(self.bob.texts, [TEXT])
        again.bye()
