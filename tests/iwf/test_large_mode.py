"""Files by MSRP, whatever the service that takes them (TS 6.1.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.bodies.spool import Body, Spool, SpoolLimits
from cpmgw.cpm.features import Feature, tag
from cpmgw.cpm.imdn import Disposition
from cpmgw.errors import CannotInterwork
from cpmgw.iwf.described import Types
from cpmgw.iwf.held import File, Spooled
from cpmgw.iwf.large_message import LargeMessages
from cpmgw.iwf.large_mode import FILE, LARGE, MOST_FILES
from cpmgw.iwf.standalone import (
    StandaloneMessage,
    read_files,
    read_large,
)
from cpmgw.msrp.interfaces import IMsrpSession
from cpmgw.policy import Policy
from cpmgw.policy.file_transfer import FileTransferPolicy
from cpmgw.policy.large import LargePolicy
from cpmgw.records import Answer
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import Request
from cpmgw.sip.status import reason_for
from tests.flows.dialog import IDS, invite
from tests.flows.large import LargeOutbound
from tests.flows.messages import Talk, cpim, describe
from tests.iwf.requests import ALICE, BOB, NOW, PLAN

OWN = "sip:CPM-IWF@ims.example.net"
CONTEXT = ("Message-Context", "multimedia-message")
ACCEPTED = Answer(key=b"", status=202, reason="Accepted", headers=(CONTEXT,))
FILES = b"A file. " * 100
SELECTOR = 'file-selector:name:"a b.txt" type:text/plain size:800'


class Taking:
    """A service that takes files of text."""

    service = "MMS"
    content: tuple[str, ...] = ("text/plain", "image/*")
    max_size = 5_000

    def __init__(self) -> None:
        self.taken: list[tuple[StandaloneMessage, bytes]] = []
        self.failed: list[StandaloneMessage] = []
        self.refusal: CannotInterwork | None = None
        self.waits: Deferred[None] | None = None

    def admit(self, invite: Request) -> None:
        """Let all in."""

    async def carry(self, message: StandaloneMessage) -> Answer:
        """Take a file."""
        if self.waits is not None:
            await self.waits
        self.taken.append((message, b"|".join(each.content for each in message.files)))
        if self.refusal is not None:
            raise self.refusal
        return ACCEPTED

    async def undelivered(self, message: StandaloneMessage) -> None:
        """Note one that failed."""
        self.failed.append(message)

    def failure(self) -> str:
        """What a BYE says."""
        return "Bearer unavailable"


class Files(LargeOutbound):
    """Files in the place of large messages; `types` are those that an answer names."""

    types = Types.OFFERED

    def setUp(self) -> None:
        super().setUp()
        large = self.over_msrp.messages[Feature.LARGE]
        self.carrier = Taking()
        self.files = LargeMessages(
            large._calls,
            large._media,
            self.carrier,
            large._network,
            large.policy,
            large.plan,
            large.clock,
            large.now,
            large.traffic,
            large._drain,
            mode=FILE,
            types=lambda: self.types,
            asserted=lambda: (("P-Asserted-Identity", f"<{OWN}>"),),
        )
        self.over_msrp.messages[Feature.LARGE] = self.files

    def offered(
        self,
        more: Iterable[str] = (
            'file-selector:name:"a b.txt" type:text/plain size:800',
        ),
        types: str = "text/plain",
        direction: str = "sendonly",
        beside: bytes = b"",
    ) -> Talk:
        """The INVITE of a file, answered."""

        def offer(session: IMsrpSession) -> bytes:
            body = describe(
                session, direction=direction, types=types, wrapped="", more=more
            )
            return body + beside

        return self.side.call(feature=Feature.LARGE, body=offer)

    def status(self, talk: Talk) -> int:
        """The answer to an INVITE."""
        assert talk.answer is not None
        return talk.answer.status

    def ports(self, talk: Talk) -> list[str]:
        """The ports of the answer."""
        assert talk.answer is not None
        lines = talk.answer.body.decode().split("\r\n")
        return [each.split()[1] for each in lines if each.startswith("m=")]

    def pass_on(self, talk: Talk, content: bytes = FILES) -> Deferred[int]:
        """Send a file, as it is."""
        sent: Deferred[int] = talk.session.send("text/plain", content)
        self.settle()
        return sent


class Accepted(Files):
    def test_answer(self) -> None:
        """The 200: Server, identifiers, our own address, recvonly, passive, the path.

        [TS 6.1.3 step 5a] [TS 6.1.3 step 5b] [TS 6.1.3 step 5c]
        """
        talk = self.offered()
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 200)
        headers = talk.answer.headers
        self.assertTrue((headers.get("Server") or "").startswith("IWF-MMS-serv/"))
        self.assertEqual(headers.get("P-Asserted-Identity"), f"<{OWN}>")
        self.assertEqual(headers.get("Conversation-ID"), "conversation-1")
        self.assertIn(tag(Feature.FILE), headers.get("Contact") or "")
        lines = talk.answer.body.decode().split("\r\n")
        for line in (
            "a=recvonly",
            "a=setup:passive",
            "a=accept-types:text/plain",
            f"a={SELECTOR}",
        ):
            self.assertIn(line, lines)
        self.assertTrue(talk.stream.path[0].startswith("msrp://127.0.0.1:2855/"))
        talk.acknowledge()
        talk.bye()

    def test_delivered(self) -> None:
        """It is here whole, is carried, and the answer to the BYE says by what.

        [TS 6.1.3 step 3] [TS 6.1.3 SEND 1] [TS 6.1.3 SEND 2] [TS 6.1.3 BYE]
        [TS 6.3.1.1.5 step 1] [TS 6.3.1.1.7 B]
        """
        talk = self.offered()
        talk.establish()
        sent = self.pass_on(talk)
        self.assertEqual(self.successResultOf(sent), 200)
        ((message, content),) = self.carrier.taken
        self.assertEqual(content, FILES)
        self.assertIs(message.feature, Feature.FILE)
        (file,) = message.files
        self.assertEqual((file.content_type, message.size), ("text/plain", 800))
        self.assertEqual(file.name, "a b.txt")
        self.assertEqual(message.identification.pairs(), IDS)
        self.assertEqual(talk.bye().headers.get("Message-Context"), CONTEXT[1])

    def test_refused(self) -> None:
        """A refusal is MSRP's answer, and a BYE says it."""
        self.carrier.refusal = CannotInterwork(
            503, "Service Unavailable", cause="mmsc-unreachable", section="TS 6.3"
        )
        talk = self.offered()
        talk.establish()
        self.assertEqual(self.successResultOf(self.pass_on(talk)), 413)
        self.network.advance(1)
        self.settle()
        self.assertEqual(talk.reasons, ['SIP;cause=480;text="Bearer unavailable"'])


class Named(Files):
    types = Types.TAKEN

    def test_types_that_are_taken(self) -> None:
        """An answer may name only the types that are taken (TS 6.1.2 step 4d)."""
        for offered, named in (
            ("text/plain application/pdf image/png", "text/plain image/png"),
            ("*", "text/plain image/*"),
        ):
            talk = self.offered(types=offered)
            self.assertEqual(" ".join(talk.stream.accept_types), named)
            talk.acknowledge()
            talk.bye()


class AllNamed(Files):
    def test_all_types(self) -> None:
        """Or all that were offered: what is not taken is discarded later."""
        talk = self.offered(types="text/plain application/pdf")
        self.assertEqual(talk.stream.accept_types, ("text/plain", "application/pdf"))
        talk.acknowledge()
        talk.bye()


class Rejected(Files):
    def test_types(self) -> None:
        """488 for a type that is not taken, and for what asks for a file.

        [TS 6.1.3 step 1]
        """
        for types, direction in (
            ("application/pdf", "sendonly"),
            ("message/cpim", "sendonly"),
            ("text/plain", "recvonly"),
        ):
            talk = self.offered(types=types, direction=direction)
            self.assertEqual(self.status(talk), 488)

    def test_part_of_a_file(self) -> None:
        """488 for a part of a file, the rest of which is not here."""
        size = "file-selector:size:800"
        for part, status in (
            ("1-*", 200),
            ("1-800", 200),
            ("2-*", 488),
            ("1-799", 488),
        ):
            talk = self.offered(more=(size, f"file-range:{part}"))
            self.assertEqual(self.status(talk), status, part)
            if status == 200:
                talk.acknowledge()
                talk.bye()

    def test_size(self) -> None:
        """A size beyond what is taken is refused at once; the last octet is not."""
        for size, status in ((5_000, 200), (5_001, 413)):
            talk = self.offered(more=(f"file-selector:size:{size}",))
            self.assertEqual(self.status(talk), status)
            if status == 200:
                talk.acknowledge()
                talk.bye()


TWO = (
    b"m=message 2900 TCP/MSRP *\r\na=sendonly\r\n"
    b"a=accept-types:%s\r\na=path:%s\r\na=setup:actpass\r\n"
    b'a=file-selector:name:"two.txt" size:%d\r\n'
)


class SeveralFiles(Files):
    def two(self, types: bytes = b"text/plain", size: int = 9) -> tuple[Talk, Talk]:
        """The INVITE of two files; two talks, one for each session of MSRP."""
        second = self.side.open()
        path = second.session.path[0].encode()
        first = self.offered(beside=TWO % (types, path, size))
        second.first, second.answer = first.first, first.answer
        return first, second

    def connect(self, first: Talk, second: Talk) -> None:
        """ACK, and connect both."""
        first.establish()
        assert first.answer is not None
        stream = streams(parse_sdp(first.answer.body))[1]
        second.connect(path=stream.path, connect_to=stream.connect_to)

    def test_both(self) -> None:
        """Both are waited for, in whatever order they come. [TS 6.1.3 SEND 1]"""
        first, second = self.two()
        self.assertEqual(self.ports(first), ["2855", "2855"])
        self.connect(first, second)
        sent = self.pass_on(second, b"The other")
        self.assertEqual(self.successResultOf(sent), 200)
        self.assertEqual(self.carrier.taken, [])
        self.assertEqual(self.successResultOf(self.pass_on(first)), 200)
        ((message, content),) = self.carrier.taken
        self.assertEqual(content, FILES + b"|The other")
        self.assertEqual([each.name for each in message.files], ["a b.txt", "two.txt"])
        self.assertEqual(first.bye().headers.get("Message-Context"), CONTEXT[1])
        second.session.close()

    def test_one_comes_twice(self) -> None:
        """A second message in a session is no other file."""
        first, second = self.two()
        self.connect(first, second)
        self.assertEqual(self.successResultOf(self.pass_on(second, b"1")), 200)
        self.assertEqual(self.successResultOf(self.pass_on(second, b"2")), 413)
        first.bye()
        second.session.close()

    def test_bye_between(self) -> None:
        """A BYE before all are here drops what came. [TS 6.1.3 BYE]"""
        first, second = self.two()
        self.connect(first, second)
        self.assertEqual(self.successResultOf(self.pass_on(first)), 200)
        self.assertEqual(first.bye().status, 200)
        self.assertEqual(self.carrier.taken, [])
        second.session.close()

    def test_lost(self) -> None:
        """A session may be lost once its file is here, and not before."""
        first, second = self.two()
        self.connect(first, second)
        self.successResultOf(self.pass_on(second, b"1"))
        second.session.close()
        self.settle()
        self.assertEqual([*first.byes, *second.byes], [])
        first.session.close()
        self.settle()
        self.network.advance(60)
        self.settle()
        said = [*first.reasons, *second.reasons]
        self.assertEqual(said, ['SIP;cause=408;text="Request Timeout"'])

    def test_only_one_fits(self) -> None:
        """One that is not taken is rejected with port 0, which tells its sender."""
        first, second = self.two(types=b"application/pdf")
        self.assertEqual(self.ports(first), ["2855", "0"])
        first.acknowledge()
        first.bye()
        second.session.close()

    def test_size_of_all(self) -> None:
        """The sizes count together, and so does what has come."""
        first, second = self.two(size=4_201)
        self.assertEqual(self.status(first), 413)
        second.session.close()
        first, second = self.two(size=4_200)
        self.connect(first, second)
        self.successResultOf(self.pass_on(first))
        sent = self.pass_on(second, b"x" * 4_201)
        self.assertEqual(self.successResultOf(sent), 413)
        self.network.advance(1)
        self.settle()
        said = [*first.reasons, *second.reasons]
        self.assertEqual(said, [f'SIP;cause=413;text="{reason_for(413)}"'])
        second.session.close()

    def test_offered_again(self) -> None:
        """The same offer again changes nothing; without one of them it is refused."""
        first, second = self.two()
        self.connect(first, second)
        assert first.first is not None
        self.assertEqual(first.reinvite(first.first.body).status, 200)
        gone = b"m=message 0 TCP".join(
            first.first.body.rsplit(b"m=message 2900 TCP", 1)
        )
        self.assertNotEqual(gone, first.first.body)
        self.assertEqual(first.reinvite(gone).status, 488)
        self.successResultOf(self.pass_on(first))
        self.assertEqual(self.successResultOf(self.pass_on(second, b"x")), 200)
        self.assertEqual(len(self.carrier.taken), 1)
        first.bye()
        second.session.close()


class ManyFiles(Files):
    policy = "[policy.selection]\nmost_streams = 20"

    def test_many(self) -> None:
        """So many are taken at the most; those beyond are rejected."""
        line = TWO % (b"text/plain", b"msrp://127.0.0.1:2900/x;tcp", 1)
        talk = self.offered(beside=line * MOST_FILES)
        self.assertEqual(self.ports(talk), ["2855"] * MOST_FILES + ["0"])
        talk.acknowledge()
        talk.bye()


class ByPolicy(Files):
    policy = "[policy.file_transfer]\naccept = 'reject'"

    def test_reject(self) -> None:
        """480 where policy takes no files for the user."""
        self.assertEqual(self.status(self.offered()), 480)


class Early(Files):
    policy = "[policy.file_transfer]\nearly_timeout = 5"

    def test_early_answer(self) -> None:
        """408 after a time of policy's; what is under way has its file until its end.

        [TS 6.1.3 408]
        """
        waits: Deferred[None] = Deferred()
        self.carrier.waits = waits
        talk = self.offered()
        talk.establish()
        sent = self.pass_on(talk)
        self.assertNoResult(sent)
        self.network.advance(5)
        self.settle()
        self.assertEqual(self.successResultOf(sent), 408)
        self.carrier.refusal = CannotInterwork(
            503, "Service Unavailable", cause="mmsc-unreachable", section="TS 6.3"
        )
        waits.callback(None)
        self.settle()
        ((_, content),) = self.carrier.taken
        self.assertEqual(content, FILES)
        self.assertEqual(len(self.carrier.failed), 1)
        talk.bye()


class Modes(SynchronousTestCase):
    def test_patience(self) -> None:
        """Each mode has its own time for an early answer."""
        policy = Policy(
            large=LargePolicy(early_timeout=3),
            file_transfer=FileTransferPolicy(early_timeout=7),
        )
        self.assertEqual((LARGE.patience(policy), FILE.patience(policy)), (3, 7))


class Reading(SynchronousTestCase):
    def body(self, content: bytes) -> Body:
        """A body with this content, in a file."""
        body = Spool(self.mktemp(), SpoolLimits(spill=10)).body()
        self.addCleanup(body.close)
        body.write(0, content)
        body.finish()
        return body

    def file(self, **details: Any) -> StandaloneMessage:
        """A file whose INVITE has a CPIM wrapper beside its session description."""
        wrapper = cpim("", message_id="m-7", imdn=("negative-delivery",))
        body = (
            b"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b\r\n"
            b"Content-Type: message/cpim\r\n\r\n" + wrapper + b"\r\n--b--\r\n"
        )
        request = invite(ALICE, BOB, feature=Feature.FILE, body=body)
        headers = request.headers.without("Content-Type").with_added(
            "Content-Type", "multipart/mixed; boundary=b"
        )
        held = Spooled(self.body(FILES))
        file = File(content_type="text/plain", held=held, **details)
        return read_files(request.replace(headers=headers), NOW, PLAN, (file,))

    def test_notifications(self) -> None:
        """What is to be told of a file stands in CPIM in the INVITE."""
        message = self.file(name="a.txt")
        self.assertEqual(message.message_id, "m-7")
        self.assertEqual(message.requested, {Disposition.NEGATIVE_DELIVERY})
        (file,) = message.files
        self.assertEqual((file.content, file.name), (FILES, "a.txt"))
        self.assertFalse(message.is_notification)

    def test_large_content(self) -> None:
        """A large message is read from its body, and only then.

        Nothing of it is held beside that, and the body not longer than it is needed.
        """
        for size in (100, 65_536, 200_000):
            text = "x" * size
            body = self.body(cpim(text))
            request = invite(ALICE, BOB, feature=Feature.LARGE, headers=IDS)
            message = read_large(
                request, NOW, PLAN, content_type="message/cpim", body=body
            )
            self.assertEqual(message.content, text.encode())
            self.assertEqual(message.size, size)
            self.assertEqual(message.message_id, "m-1")
            self.assertIsInstance(message.held, Spooled)
            assert message.cpim is not None
            self.assertEqual(message.cpim.content, b"")
            message.let_go()
            self.assertFalse(body.path and body.path.exists())

    def test_endless_head(self) -> None:
        """A wrapper whose head has no end is refused."""
        body = self.body(b"From: <tel:+1>\r\n\r\n" + b"Content-X: y\r\n" * 9_000)
        request = invite(ALICE, BOB, feature=Feature.LARGE)
        error = self.assertRaises(
            CannotInterwork,
            read_large,
            request,
            NOW,
            PLAN,
            content_type="message/cpim",
            body=body,
        )
        self.assertEqual((error.status, error.cause), (400, "unreadable"))

    def test_not_wrapped(self) -> None:
        """Content without a wrapper is all of the body."""
        body = self.body(b"x" * 70_000)
        request = invite(ALICE, BOB, feature=Feature.LARGE)
        message = read_large(request, NOW, PLAN, content_type="text/plain", body=body)
        self.assertIsNone(message.cpim)
        self.assertEqual(message.content, b"x" * 70_000)
