"""The gateway's MSRP behind a relay that was written elsewhere (RFC 4976): Kamailio."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from cpmgw.msrp.errors import MsrpError
from cpmgw.msrp.interfaces import IMsrpSession, Remote
from cpmgw.msrp.sending import SendLimits
from cpmgw.msrp.settings import Listen, MsrpSettings
from cpmgw.msrp.settings import Relay as RelaySettings
from tests.live import msrp_relay
from tests.live.case import free_port
from tests.live.msrp_relay import PASSWORD, Relay, start_relay
from tests.live.nodes import NodeTestCase, Recorder
from tests.live.raw_frames import Frame, Gone, Wire, token
from tests.live.raw_msrp import End, Message, respond
from tests.live.raw_relay import Account, authorize

LONG: Final = bytes(range(256)) * 400
TIME_LIMIT: Final = 3.0


class BehindRelay(NodeTestCase):
    needs = msrp_relay.NEEDS
    kept = 1

    async def behind(self, password: str = PASSWORD) -> Relay:
        """A node that has a relay."""
        relay = await start_relay(self)
        self.start(
            MsrpSettings(
                listen=Listen(port=free_port(), interface="127.0.0.1"),
                spool=str(self.folder / "spool"),
                setup_timeout=TIME_LIMIT / 2,
                sending=SendLimits(chunk=4_096),
                relay=RelaySettings(
                    uri=relay.uri, username="gateway", password=password
                ),
            )
        )
        return relay

    async def test_wrong_password(self) -> None:
        """Whom the relay does not let in has no session."""
        await self.behind("wrong")

        def conversation() -> None:
            self.assertRaises(MsrpError, self.opened, Recorder())

        await self.talk(conversation)

    async def test_path(self) -> None:
        """The place at the relay comes first in the path, and is what c= names."""
        relay = await self.behind()

        def conversation() -> None:
            session = self.opened(Recorder())
            place, own = session.path
            self.assertTrue(place.startswith(relay.uri.removesuffix(";tcp") + "/"))
            self.assertNotIn(str(relay.port), own)
            self.assertEqual(session.address, ("127.0.0.1", relay.port))

        await self.talk(conversation)

    async def test_peer_without_a_relay(self) -> None:
        """A peer connects to the relay, and is connected to by it."""
        relay = await self.behind()

        def conversation() -> None:
            user = Recorder()
            ours = self.own_path()
            session = self.opened(user, Remote(path=(ours,)))
            theirs = " ".join(session.path)
            there = End(Wire.connect(relay.port), ours, theirs)
            self.assertEqual(there.bind(), 200)
            self.assertEqual(set(there.send(Message(LONG))), {200})
            back = self.exchange_back(session, ours, theirs)
            self.assertEqual(user.messages, [("text/plain", LONG)])
            for end in (there, back):
                end.wire.close()

        await self.talk(conversation)

    def exchange_back(self, session: IMsrpSession, ours: str, theirs: str) -> End:
        """The node sends; the relay connects."""
        status = self.sending(session, LONG)
        end = End(self.listener.accept(), ours, theirs)
        self.assertEqual(end.message().body, LONG)
        self.assertEqual(status(), 200)
        return end

    async def test_peer_with_a_relay(self) -> None:
        """Both have a place at the relay; reports go all the way, both ways."""
        relay = await self.behind()

        def conversation() -> None:
            user = Recorder()
            wire, ours = Wire.connect(relay.port), f"msrp://127.0.0.1:9/{token()};tcp"
            answer = authorize(wire, relay.uri, ours, Account("user", PASSWORD))
            place = answer.value("Use-Path")
            session = self.opened(user, Remote(path=(place, ours), active=True))
            end = End(wire, ours, " ".join((place, *session.path)))
            status = self.sending(session, LONG, success_report=True, message_id="long")
            self.assertEqual(end.message().body, LONG)
            self.assertEqual(status(), 200)
            message = Message(LONG, success_report="yes")
            self.assertEqual(set(end.send(message)), {200})
            self.assertEqual(end.report(message.message_id), 200)
            self.assertEqual(user.messages, [("text/plain", LONG)])
            self.assertEqual(user.reports, [("long", 200)])
            wire.close()

        await self.talk(conversation)

    async def test_relay_gone(self) -> None:
        """When the relay is gone all sessions are lost, and no new one is opened."""
        relay = await self.behind()
        self.kept = 0
        user = Recorder()
        await deferToThread(self.opened, user, Remote(path=(self.own_path(),)))
        self.assertIsNone(user.reason)
        await relay.stop()

        def conversation() -> None:
            self.assertTrue(self.lost(user, TIME_LIMIT))
            self.assertRaises(MsrpError, self.opened, Recorder())

        await self.talk(conversation)

    async def test_several_sessions(self) -> None:
        """Sessions share the connection to the relay, and do not mix."""
        relay = await self.behind()

        def conversation() -> None:
            users = [Recorder() for _ in range(5)]
            for number, user in enumerate(users):
                ours = self.own_path()
                session = self.opened(user, Remote(path=(ours,)))
                end = End(Wire.connect(relay.port), ours, " ".join(session.path))
                self.assertEqual(end.send(Message(b"%d" % number)), [200])
                end.wire.close()
            for number, user in enumerate(users):
                self.received(user, b"%d" % number)

        await self.talk(conversation)

    def received(self, user: Recorder, body: bytes) -> None:
        """This is the only message that comes."""
        self.waits(lambda: bool(user.messages), TIME_LIMIT)
        self.assertEqual(user.messages, [("text/plain", body)])


class RawRelay(NodeTestCase):
    """A relay that says what it is told to say."""

    def behind(self) -> None:
        """A node whose relay is the listener."""
        self.start(
            MsrpSettings(
                spool=str(self.folder / "spool"),
                connect_timeout=TIME_LIMIT / 2,
                sending=SendLimits(answer_timeout=0.3),
                relay=RelaySettings(
                    uri=f"msrp://127.0.0.1:{self.listener.port};tcp",
                    username="gateway",
                    password=PASSWORD,
                ),
            )
        )

    async def refused(self, relay: Callable[[Wire, Frame], None]) -> None:
        """No session comes of what a relay does about AUTH, but an MsrpError."""
        self.behind()

        def conversation() -> None:
            opened: list[Deferred[IMsrpSession]] = []
            self.call(lambda: opened.append(self.node.open(Recorder())))
            wire = self.listener.accept()
            auth = wire.frame()
            self.assertEqual(auth.start, "AUTH")
            relay(wire, auth)
            self.assertRaises(MsrpError, self.call, lambda: opened[0])
            wire.close()

        await self.talk(conversation)

    async def test_closes(self) -> None:
        """It closes the connection instead of an answer."""
        await self.refused(lambda wire, auth: wire.close())

    async def test_says_nothing(self) -> None:
        """It never answers."""
        await self.refused(lambda wire, auth: None)

    async def test_says_no(self) -> None:
        """It answers with a refusal."""
        await self.refused(lambda wire, auth: wire.send(respond(auth, 403)))

    async def test_gives_no_place(self) -> None:
        """It says yes, but not how it is reached."""
        await self.refused(lambda wire, auth: wire.send(respond(auth, 200)))

    async def test_gives_no_uri(self) -> None:
        """How it is reached is no MSRP URI."""
        place = ("Use-Path", "sip:relay@example.net")
        await self.refused(lambda wire, auth: wire.send(respond(auth, 200, place)))

    async def test_asks_for_ever(self) -> None:
        """It challenges whatever comes."""
        challenge = (
            "WWW-Authenticate",
            'Digest realm="r", nonce="n", stale=true, qop="auth"',
        )

        def relay(wire: Wire, auth: Frame) -> None:
            with contextlib.suppress(TimeoutError, Gone):
                for _ in range(20):
                    wire.send(respond(auth, 401, challenge))
                    auth = wire.frame(0.5)
                self.fail("it would go on for ever")

        await self.refused(relay)
