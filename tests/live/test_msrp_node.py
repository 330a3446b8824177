"""The gateway's MSRP against an endpoint that was written elsewhere (RFC 4975)."""

from __future__ import annotations

import random
from typing import Final

from cpmgw.msrp.interfaces import IMsrpSession, Remote
from cpmgw.msrp.reception import ReceptionLimits
from cpmgw.msrp.settings import Listen, MsrpSettings
from tests.live.case import free_port
from tests.live.nodes import NodeTestCase, Recorder
from tests.live.raw_faults import TEXT, Fault, faults, judged, reaction
from tests.live.raw_frames import Wire
from tests.live.raw_msrp import End, Message

LONG: Final = bytes(range(256)) * 2_000
"""Octets of every kind, CRLF and hyphens among them."""
TIME_LIMIT: Final = 3.0
UNBOUND: Final = 20
MUTATIONS: Final = 100


def mutated(octets: bytes, chance: random.Random) -> bytes:
    """Octets of which a few are changed, lost, doubled or put elsewhere."""
    changed = bytearray(octets)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(changed))
        end = min(len(changed), at + chance.randrange(1, 30))
        piece = changed[at:end]
        match chance.randrange(4):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : end - 1]
            case 2:
                changed[end:end] = piece
            case _:
                changed[0:0] = piece
    return bytes(changed)


class RawTestCase(NodeTestCase):
    """A node that is impatient."""

    def setUp(self) -> None:
        """Start the node."""
        super().setUp()
        listen = Listen(port=free_port(), interface="127.0.0.1")
        self.start(
            MsrpSettings(
                listen=listen,
                spool=str(self.folder / "spool"),
                setup_timeout=0.5,
                chunk_timeout=0.5,
                unbound=UNBOUND,
                unbound_per_host=UNBOUND,
                reception=ReceptionLimits(max_size=len(LONG)),
            )
        )


class Taking(RawTestCase):
    async def test_sizes(self) -> None:
        """Chunks of any size make the same message (5.1)."""

        def conversation() -> None:
            user = Recorder()
            _, end = self.passive(user)
            for size, body in ((1, TEXT), (7, TEXT), (1_000, LONG), (70_000, LONG)):
                statuses = end.send(Message(body), size)
                self.assertEqual(set(statuses), {200})
                self.assertEqual(user.messages.pop(), ("text/plain", body))
            end.wire.close()

        await self.talk(conversation)

    async def test_order(self) -> None:
        """The chunks may come in any order, twice, and among those of others (5.1)."""

        def conversation() -> None:
            user = Recorder()
            _, end = self.passive(user)
            one, two = (end.chunks(Message(body), 5) for body in (TEXT, TEXT[::-1]))
            frames = [one[2], two[1], one[0], two[0], one[0], two[3], one[1], two[2]]
            self.assertEqual(set(end.post(frames)), {200})
            self.assertEqual(user.messages, [("text/plain", TEXT[::-1])])
            self.assertEqual(end.post([one[3]]), [200])
            self.assertEqual(user.messages[1:], [("text/plain", TEXT)])
            end.wire.close()

        await self.talk(conversation)

    async def test_interrupted(self) -> None:
        """What is interrupted goes on later, with another message in between (5.1)."""

        def conversation() -> None:
            user = Recorder()
            _, end = self.passive(user)
            long = Message(TEXT)
            frames = [
                end.chunk(long, "1-*/20", TEXT[:3], flag="+"),
                *end.chunks(Message(b"short"), 100),
                end.chunk(long, "4-20/20", TEXT[3:]),
            ]
            self.assertEqual(end.post(frames), [200, 200, 200])
            bodies = [body for _, body in user.messages]
            self.assertEqual(bodies, [b"short", TEXT])
            end.wire.close()

        await self.talk(conversation)

    async def test_aborted(self) -> None:
        """An aborted message is never seen (7.1)."""

        def conversation() -> None:
            user = Recorder()
            _, end = self.passive(user)
            aborted = Message(TEXT)
            end.wire.send(end.chunk(aborted, "1-20/20", TEXT[:3], flag="#"))
            self.assertEqual(end.send(Message(b"next")), [200])
            self.assertEqual(user.messages, [("text/plain", b"next")])
            end.wire.close()

        await self.talk(conversation)

    async def test_report(self) -> None:
        """A success report follows the 200, where it was asked for (7.1.2)."""

        def conversation() -> None:
            user = Recorder()
            _, end = self.passive(user)
            message = Message(LONG, success_report="yes", failure_report="no")
            end.wire.send(*end.chunks(message, 10_000))
            self.assertEqual(end.report(message.message_id), 200)
            user.status = 413
            self.assertEqual(end.send(Message(TEXT, success_report="yes")), [413])
            self.assertEqual(len(end.reports), 1)
            end.wire.close()

        await self.talk(conversation)


class Sending(RawTestCase):
    async def test_passive(self) -> None:
        """On a connection that came from elsewhere messages go both ways (5.4)."""

        def conversation() -> None:
            user = Recorder()
            self.exchange(user, *self.passive(user))

        await self.talk(conversation)

    async def test_active(self) -> None:
        """The node connects and binds with a SEND without a body (5.4)."""

        def conversation() -> None:
            user = Recorder()
            self.exchange(user, *self.active(user))

        await self.talk(conversation)

    def exchange(self, user: Recorder, session: IMsrpSession, end: End) -> None:
        """A large message and a report of it, then one the other way."""
        status = self.sending(session, LONG, success_report=True, message_id="large")
        self.assertEqual(end.message().body, LONG)
        self.assertEqual(status(), 200)
        self.assertTrue(user.is_connected)
        self.assertEqual(end.send(Message(TEXT)), [200])
        self.assertEqual(user.messages, [("text/plain", TEXT)])
        self.assertEqual(user.reports, [("large", 200)])
        end.wire.close()

    async def test_refused(self) -> None:
        """A refusal of a chunk ends the message, and not the session (7.1.2)."""

        def conversation() -> None:
            session, end = self.passive(Recorder())
            end.status = 413
            status = self.sending(session, LONG)
            end.take()
            self.assertEqual(status(), 413)
            end.status = 200
            status = self.sending(session, TEXT)
            self.assertEqual(end.message().body, TEXT)
            self.assertEqual(status(), 200)
            end.wire.close()

        await self.talk(conversation)

    async def test_turns(self) -> None:
        """A small message does not wait for the end of a large one (5.1)."""

        def conversation() -> None:
            session, end = self.passive(Recorder())
            statuses = self.sending_all(session, LONG, TEXT)
            self.assertEqual(end.message().body, TEXT)
            self.assertEqual(end.message().body, LONG)
            self.assertEqual(statuses(), [200, 200])
            end.wire.close()

        await self.talk(conversation)


class Hostile(RawTestCase):
    async def test_faults(self) -> None:
        """Each fault alone is answered as it should be, or ends its connection."""

        def conversation() -> list[str]:
            user = Recorder()
            _, end = self.passive(user)
            wrong = []
            for number, _ in enumerate(list(faults(end))):
                if end.wire.is_closed:
                    user = Recorder()
                    _, end = self.passive(user)
                wrong.append(judged(end, list(faults(end))[number], TIME_LIMIT))
            self.assertEqual(user.messages, [])
            end.wire.close()
            return wrong

        wrong = await self.talk(conversation)
        self.assertEqual([each for each in wrong if each], [])

    async def test_mutations(self) -> None:
        """Whatever becomes of a frame on its way, there is an answer or an end.

        A good one follows each, so that it is answered if nothing else is.
        """
        seed = random.SystemRandom().randrange(2**32)
        (self.folder / "seed.log").write_text(f"{seed}\n")
        chance = random.Random(seed)

        def conversation() -> list[str]:
            ends = [self.passive(Recorder())[1] for _ in range(MUTATIONS)]
            silent = []
            written = {}
            for end in ends:
                good = end.chunk(Message(TEXT), "1-20/20", TEXT).octets()
                written[end] = mutated(good, chance)
                last = end.chunk(Message(TEXT), "1-20/20", TEXT).octets()
                end.wire.write(written[end] + last)
            for end in ends:
                try:
                    reaction(end.wire, Fault("", b"", frozenset()), TIME_LIMIT)
                except TimeoutError:
                    silent.append(repr(written[end]))
                end.wire.close()
            return silent

        self.assertEqual(await self.talk(conversation), [])
        self.assertEqual(len(self.node), 0)

    async def test_stop_within_a_chunk(self) -> None:
        """A peer that stops within a chunk is given up in its time."""

        def conversation() -> None:
            user = Recorder()
            _, end = self.passive(user)
            octets = end.chunk(Message(TEXT), "1-20/20", TEXT).octets()
            for length in (len(octets) - 20, len(octets) - 2, 40, 1):
                end.wire.write(octets[:length])
                self.assertTrue(end.wire.ended(TIME_LIMIT), length)
                self.assertTrue(self.lost(user, TIME_LIMIT))
                user = Recorder()
                _, end = self.passive(user)
            end.wire.close()

        await self.talk(conversation)

    async def test_second_connection(self) -> None:
        """A session that has a connection is 506 on another one (7.3)."""

        def conversation() -> None:
            user = Recorder()
            session, end = self.passive(user)
            other = End(Wire.connect(session.address[1]), end.ours, end.theirs)
            self.assertEqual(other.bind(), 506)
            self.assertTrue(other.wire.ended(TIME_LIMIT))
            self.assertEqual(end.send(Message(TEXT)), [200])
            end.wire.close()

        await self.talk(conversation)

    async def test_flood(self) -> None:
        """Connections without a session are few, and closed in their time."""

        def conversation() -> None:
            user = Recorder()
            session, end = self.passive(user)
            port = session.address[1]
            wires = [Wire.connect(port) for _ in range(5 * UNBOUND)]
            self.assertEqual(end.send(Message(TEXT)), [200])
            _, another = self.passive(Recorder())
            self.assertEqual(another.send(Message(TEXT)), [200])
            self.assertTrue(all(wire.ended(TIME_LIMIT) for wire in wires))
            self.assertEqual(end.send(Message(TEXT)), [200])
            for each in (end, another):
                each.wire.close()

        await self.talk(conversation)

    async def test_size(self) -> None:
        """The largest message is taken; one octet more is refused with 413 (10.5)."""

        def conversation() -> None:
            _, end = self.passive(Recorder())
            self.assertEqual(set(end.send(Message(LONG), 50_000)), {200})
            statuses = end.send(Message(LONG + b"!"), 50_000)
            self.assertEqual(set(statuses), {413})
            unknown = Message(LONG)
            first = end.chunk(unknown, "1-*/*", LONG, flag="+")
            last = end.chunk(unknown, f"{len(LONG) + 1}-*/*", b"!")
            self.assertEqual(end.post([first, last]), [200, 413])
            end.wire.close()

        await self.talk(conversation)

    async def test_nobody_comes(self) -> None:
        """A session to which nobody connects is lost in its time (setup_timeout)."""

        def conversation() -> None:
            user = Recorder()
            self.opened(user, Remote(path=(self.own_path(),)))
            self.assertTrue(self.lost(user, TIME_LIMIT))
            self.assertFalse(user.is_connected)

        await self.talk(conversation)
