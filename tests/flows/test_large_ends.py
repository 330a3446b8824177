"""TS 6.1.2: sessions of large messages that bring none, and how they end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from cpmgw.cpm.features import Feature
from cpmgw.lab.behaviour import SmsBehaviour
from cpmgw.msrp.interfaces import IMsrpSession
from cpmgw.sip.legs import Incoming
from cpmgw.sip.message import Response, respond
from tests.flows.large import TEXT, LargeOutbound, SendByHand, wrapping


class Ends(LargeOutbound):
    """How a session ends that does not bring its message."""

    def test_early_bye(self) -> None:
        """What has come in part is discarded, and all released.

        [TS 6.1.2 BYE 1] [TS 6.1.2 BYE 2]
        """
        talk = self.side.large()
        talk.acknowledge()
        raw = self.raw(SendByHand(talk, "hand-1", 1, 700).encode())
        rest = SendByHand(talk, "hand-2", 701)
        self.assertIn(b"MSRP hand-1 200", raw.came)
        answer = talk.bye()
        self.assertEqual(answer.status, 200)
        self.assertNotIn("Message-Correlator", answer.headers)
        raw.send(rest.encode())
        self.settle()
        self.assertEqual(self.submitted(), [])
        raw.close()

    def test_bye_while_sms_works(self) -> None:
        """A message that was whole is delivered, though nobody hears of it by MSRP."""
        self.centre.behave(SmsBehaviour(delay=5.0))
        talk = self.established()
        talk.say(TEXT).addErrback(lambda _: None)
        self.settle()
        self.assertEqual(talk.bye().status, 200)
        self.pass_time(6.0)
        self.assertEqual(self.bob.texts, [TEXT])

    def test_cancel(self) -> None:
        """A CANCEL before the answer: 487, and no session is left.

        [TS 6.1.2 CANCEL]
        """
        node: Any = self.gateway.msrp
        opening: Deferred[IMsrpSession] = Deferred()
        self.patch(node, "open", lambda *_: opening)
        talk, pending = self.side.invite(
            feature=Feature.LARGE, body=wrapping("text/plain")
        )
        self.network.advance(0.3)  # our 100
        self.side.endpoint.cancel(pending)
        self.settle()
        self.assertEqual(self.successResultOf(pending).status, 487)
        self.assertEqual(talk.acknowledged, [])

    def test_nobody_connects(self) -> None:
        """Without a connection in time: BYE."""
        talk = self.side.large()
        talk.acknowledge()
        self.pass_time(31.0)
        self.assertEqual(talk.reasons, ['SIP;cause=408;text="Request Timeout"'])

    def test_no_message(self) -> None:
        """With a connection and no message: BYE after ten minutes."""
        talk = self.established()
        self.pass_time(590.0)
        self.assertEqual(talk.byes, [])
        self.pass_time(15.0)
        self.assertEqual(talk.reasons, ['SIP;cause=408;text="Request Timeout"'])

    def test_connection_lost(self) -> None:
        """A connection that is lost before the message ends it."""
        talk = self.established()
        talk.session.close()
        self.network.cut("127.0.0.1", 2855)
        self.settle()
        self.assertEqual(talk.reasons, ['SIP;cause=408;text="Request Timeout"'])

    def test_idle_in_the_middle(self) -> None:
        """A message that got nothing more for two minutes will not come: BYE."""
        talk = self.side.large()
        talk.acknowledge()
        raw = self.raw(SendByHand(talk, "hand-1", 1, 700).encode())
        self.pass_time(115.0)
        self.assertEqual(talk.byes, [])
        self.pass_time(10.0)
        self.assertEqual(talk.reasons, ['SIP;cause=408;text="Request Timeout"'])
        raw.close()

    def test_message_after_our_bye(self) -> None:
        """What comes once we hang up is refused: its sender was told it did not."""
        held: Deferred[Response] = Deferred()

        async def hold(incoming: Incoming) -> Response:
            await held
            return respond(incoming.request, 200)

        talk = self.established()
        self.side.endpoint.serve("BYE", hold, in_dialog=True)
        self.pass_time(601.0)
        self.assertEqual(self.say(talk), 413)
        self.assertEqual(self.submitted(), [])
        talk.session.close()
        held.callback(None)  # type: ignore[arg-type]
        self.settle()

    def test_no_bye(self) -> None:
        """A sender that does not hang up after its message is hung up on."""
        talk = self.established()
        self.say(talk)
        self.pass_time(31.0)
        self.assertEqual(talk.byes, [])
        self.pass_time(3.0)
        self.assertEqual(talk.reasons, ['SIP;cause=200;text="Call completed"'])

    def test_no_ack(self) -> None:
        """Without an ACK the 200 is repeated, then the call is hung up."""
        talk = self.side.large()
        self.pass_time(33.0)
        self.assertEqual(len(talk.byes), 1)
        self.assertEqual(self.submitted(), [])

    def test_after_a_restart(self) -> None:
        """A dialog of an earlier process is 481; the message may come anew."""
        talk = self.established()
        self._stop(self.gateway)
        self.settle()
        self.gateway = self.start_gateway()
        self.assertEqual(talk.send("BYE").status, 481)
        talk.session.close()
        again = self.established()
        self.assertEqual(self.say(again), 200)
        again.bye()
