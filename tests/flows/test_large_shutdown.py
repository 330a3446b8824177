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
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])

    def test_answer_is_given(self) -> None:
        """A message in hand is answered before its session ends."""
        self.centre.behave(SmsBehaviour(delay=2.0))
        talk = self.established()
        sent = talk.say(TEXT)
        self.settle()
        self._stop(self.gateway)
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(talk.reasons, ['SIP;cause=200;text="Call completed"'])

    def test_answered_already(self) -> None:
        """A sender that has its answer is hung up on with that."""
        talk = self.established()
        self.assertEqual(self.say(talk), 200)
        self._stop(self.gateway)
        self.assertEqual(talk.reasons, ['SIP;cause=200;text="Call completed"'])

    def test_no_answer_in_time(self) -> None:
        """It is waited for no longer than [sip] drain; the BYE says it may be sent."""
        self.centre.behave(SmsBehaviour(silent=True))
        talk = self.established()
        talk.say(TEXT).addErrback(lambda _: None)
        self.settle()
        stopped = self.gateway.stopService()
        self.network.advance(self.gateway.config.sip.drain + 1.0)
        self.assertEqual(len(talk.byes), 1)
        self.pass_time(60.0)
        self.wait_until(lambda: stopped.called)
        self.assertEqual(talk.reasons, ['SIP;cause=408;text="Request Timeout"'])

    def test_none_is_begun(self) -> None:
        """While a message is waited for there are no others: 503."""
        self.centre.behave(SmsBehaviour(delay=4.0))
        talk = self.established()
        sent = talk.say(TEXT)
        self.settle()
        stopped = self.gateway.stopService()
        self.network.advance(0.5)
        refused = self.side.large()
        assert refused.answer is not None
        self.assertEqual(refused.answer.status, 503)
        for _ in range(40):
            self.network.advance(0.25)
            self.settle()
        self.wait_until(lambda: stopped.called)
        self.assertEqual(self.successResultOf(sent), 200)

    def test_begun_again(self) -> None:
        """A gateway that is started again takes messages and chats again."""
        self._stop(self.gateway)
        self.gateway.startService()
        self.wait_until(lambda: all(centre.bound for centre in self.gateway.centres))
        self.settle()
        talk = self.established()
        self.assertEqual(self.say(talk), 200)
        self.assertEqual(talk.bye().status, 200)
        chat = self.side.call()
        assert chat.answer is not None
        self.assertEqual(chat.answer.status, 200)
        chat.establish()
        self.assertEqual(self.say(chat, "Hello", message_id="m-2"), 200)
        self.assertIn("Hello", self.bob.texts[-1] or "")
        chat.bye()

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
