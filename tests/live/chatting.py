"""A gateway between a raw user with SIP and MSRP, and the handsets of the lab's SM-SC.

What the user does stands in a function that blocks, and is run in a thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread, deferToThread

from cpmgw.lab.outbox import Patience
from cpmgw.lab.sms_centre import SmsCentre
from tests.live.case import LiveTestCase, free_port, until
from tests.live.clock import StoppableClock
from tests.live.gateway import Network, start_gateway
from tests.live.process import Process
from tests.live.raw_content import (
    CPIM,
    Stream,
    cpim,
    imdn_of,
    session_offer,
    text_of,
)
from tests.live.raw_frames import SECONDS, Listener, Wire, token
from tests.live.raw_msrp import End, Message
from tests.live.raw_session import Call, Phone
from tests.live.reactor import reactor
from txsmpp.server import ServerOptions, SmscFactory

USER: Final = "+15550001001"
HANDSET: Final = "+15145550002"


class Chatting:
    """A chat that is there: its call, and its end of the MSRP session."""

    def __init__(self, call: Call, end: End) -> None:
        self.call = call
        self.end = end

    def close(self) -> None:
        """End it by BYE; the answer has to be a 200."""
        answer = self.call.bye(("Reason", "SIP;cause=200"))
        if answer.status != 200:
            raise AssertionError(answer.start)


class ChatTestCase(LiveTestCase):
    """A user, a gateway and an SM-SC.

    `msrp` are further keys of [msrp], `policy` of [policy], `more` further tables;
    `patience` is how often the SM-SC tries to bring what a handset has written.
    """

    patience = Patience(attempts=20, retry=0.3)
    msrp: Sequence[str] = ()
    policy: Sequence[str] = ()
    more = ""
    web_port = 0

    centre: SmsCentre
    gateway: Process
    network: Network
    msrp_port: int
    phone: Phone
    listener: Listener

    async def between(self, transport: str = "udp") -> None:
        """Start everything."""
        port = self._start_centre()
        self.phone = Phone(USER, transport)
        self.listener = Listener()
        self.addCleanup(self.phone.close)
        self.addCleanup(self.listener.close)
        self.msrp_port = free_port()
        msrp = (
            "[msrp]",
            f'listen = "tcp:{self.msrp_port}:interface=127.0.0.1"',
            f'spool = "{self.folder / "spool"}"',
            *self.msrp,
        )
        self.network = Network(
            next_hop=self.phone.hop,
            smsc_port=port,
            web_port=self.web_port,
            policy=tuple(self.policy),
            tables="\n".join([*msrp, self.more]),
        )
        self.phone.gateway = self.network.port
        await self.prepare()
        self.gateway = await start_gateway(self, self.network)
        self.at_the_end(self.stop)
        await until(lambda: bool(self.centre.sessions), what="the bind")

    async def stop(self) -> None:
        """Stop the gateway, while the user answers what it has to say yet.

        It leaves no file behind of what came by MSRP.
        """
        ended = threading.Event()
        serving = deferToThread(self.phone.serve, ended.is_set)
        await self.gateway.stop()
        ended.set()
        await serving
        spool = self.folder / "spool"
        self.assertEqual([each for each in spool.rglob("*") if each.is_file()], [])

    async def prepare(self) -> None:
        """What is to be done before the gateway starts."""

    async def talk(self, conversation: Callable[[], Any]) -> Any:
        """Have the user do something, in a thread."""
        return await deferToThread(conversation)

    def _start_centre(self) -> int:
        clock = StoppableClock()
        self.centre = SmsCentre(clock, patience=self.patience)
        factory = SmscFactory(reactor, ServerOptions(), self.centre)
        listening = reactor.listenTCP(0, factory, interface="127.0.0.1")

        async def stop() -> None:
            clock.stop()
            await listening.stopListening()

        self.at_the_end(stop)
        return int(listening.getHost().port)

    # -- what the user does, in the thread

    def invite(self, callee: str = HANDSET) -> Call:
        """Invite a handset to a chat."""
        return self.phone.invite(
            callee, session_offer(self.own_path(), self.listener.port)
        )

    def own_path(self) -> str:
        """A path of the user's."""
        return f"msrp://127.0.0.1:{self.listener.port}/{token()};tcp"

    def chat(self, callee: str = HANDSET, wire: Wire | None = None) -> Chatting:
        """Begin a chat: INVITE, 200, ACK, connection if none is given, empty SEND."""
        ours = self.own_path()
        call = self.phone.invite(callee, session_offer(ours, self.listener.port))
        stream = call.stream
        call.acknowledge()
        end = End(wire or self.connect(stream), ours, stream.path)
        self.assertEqual(end.bind(), 200)
        return Chatting(call, end)

    def both_ways(self) -> Chatting:
        """A message of the user, its notification, a message of the handset.

        Gives the chat, which goes on.
        """
        chat = self.chat()
        said, identifier = f"Hello {token()}", token()
        message = Message(cpim(said, identifier), CPIM)
        self.assertEqual(chat.end.send(message), [200])
        self.shown(said)
        imdn = chat.end.message()
        self.assertEqual(imdn_of(imdn.body), (identifier, "delivered"))
        back = f"Back {token()}"
        written = self.writes(back)
        self.assertEqual(text_of(chat.end.message().body), back)
        self.assertEqual(written.result(SECONDS), [0])
        return chat

    def connect(self, stream: Stream) -> Wire:
        """Connect to where a stream is (RFC 6714 4)."""
        return Wire.connect(stream.port, stream.host)

    # -- what the handset does, seen from the thread

    def shown(self, wanted: str, number: str = HANDSET) -> str:
        """The first text on a screen that contains something; waits for it."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for text in self.screen(number):
                if text is not None and wanted in text:
                    return text
            time.sleep(0.02)
        raise AssertionError(f"{wanted!r} is not among {self.screen(number)}")

    def screen(self, number: str = HANDSET) -> list[str | None]:
        """The texts on a screen."""

        def texts() -> list[str | None]:
            return list(self.centre.handset(number.lstrip("+")).texts)

        found: list[str | None] = blockingCallFromThread(reactor, texts)
        return found

    def writes(
        self, text: str, to: str = USER, number: str = HANDSET
    ) -> Future[list[int]]:
        """A handset writes; gives the command_status of each segment, later."""
        answered: Future[list[int]] = Future()

        def send() -> None:
            sent: Deferred[list[int]] = self.centre.send_sms(number, to, text)
            sent.addCallbacks(answered.set_result, answered.set_exception)

        reactor.callFromThread(send)
        return answered
