"""ESMEs that were written elsewhere against txsmpp's server (the lab's SM-SC)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.threads import deferToThread

from cpmgw.lab.sms_centre import SmsCentre
from tests.live.case import LiveTestCase
from tests.live.esmes import (
    TEXT,
    Heard,
    package,
    smpp34_conversation,
    smpplib_conversation,
)
from tests.live.reactor import reactor
from txsmpp.pdu import SubmitSm
from txsmpp.server import ServerOptions, SmscFactory

Conversation = Callable[[int, Callable[[], None]], Heard]
SMS = "Hello to elsewhere"


class EsmeTestCase(LiveTestCase):
    """An SM-SC on a real socket."""

    centre: SmsCentre
    port: int

    def setUp(self) -> None:
        """Start the SM-SC at a free port."""
        super().setUp()
        self.centre = SmsCentre(reactor)
        factory = SmscFactory(reactor, ServerOptions(), self.centre)
        listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.port = listening.getHost().port

        async def stop() -> None:
            await listening.stopListening()

        self.at_the_end(stop)

    async def converse(self, conversation: Conversation) -> None:
        """Bind, submit, get the receipt and a message, unbind."""

        def answer() -> None:
            reactor.callFromThread(
                self.centre.send_sms, "+15145550002", "+15550001001", SMS
            )

        heard = await deferToThread(conversation, self.port, answer)
        (message,) = self.centre.messages.values()
        self.assertEqual(heard.message_id, message.message_id)
        self.assertEqual(heard.messages, [SMS])
        self.assertEqual(len(heard.receipts), 1)
        self.assertIn(f"id:{message.message_id} ", heard.receipts[0])
        self.assertIn("stat:DELIVRD", heard.receipts[0])
        self.assertEqual(self.centre.handset("15145550002").texts, [TEXT.decode()])
        (submitted,) = self.centre.submitted
        self.assertIsInstance(submitted, SubmitSm)


class Smpplib(EsmeTestCase):
    needs = (package("smpplib"),)

    async def test_conversation(self) -> None:
        """smpplib binds, enquires, submits, is delivered to and unbinds."""
        await self.converse(smpplib_conversation)


class Smpp34(EsmeTestCase):
    needs = (package("smpp34"),)

    async def test_conversation(self) -> None:
        """smpp34 binds, submits, is delivered to and unbinds."""
        await self.converse(smpp34_conversation)
