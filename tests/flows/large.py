"""A gateway with MSRP between the lab's peers, and a look at what it leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.protocol import ClientFactory, Protocol

from cpmgw.iwf.streams import ANSWER_FIRST
from cpmgw.lab.conversation import Conversation
from cpmgw.lab.handset import Handset
from cpmgw.msrp.interfaces import IMsrpSession
from cpmgw.msrp.node import MsrpNode
from tests.flows.house import ALICE, BOB, House
from tests.flows.messages import HOST, Messaging, Talk, cpim, describe, spooled
from txsmpp.pdu import SubmitSm

TEXT = "A long message. " * 100


class Large(House):
    """A running gateway with MSRP; `side` is the CPM user agent.

    After each test nothing may be left: no call, no session, no file of either side.
    `msrp` are further lines of [msrp]; `leaves` is set by a test that means to.
    """

    msrp = ""
    leaves = False

    def setUp(self) -> None:
        self.spool = self.mktemp()
        self.more = f"{spooled(self.spool)}{self.msrp}\n{self.more}"
        super().setUp()
        self.side = Messaging(self)

    def tearDown(self) -> None:
        if self.leaves:
            return
        self.settle()
        node = self.gateway.msrp
        assert isinstance(node, MsrpNode)
        self.assertEqual(len(node), 0, "MSRP sessions")
        self.assertEqual(len(self.over_msrp), 0, "calls")
        self.assertEqual(self.over_msrp.calls.timers, 0, "timers")
        self.assertEqual(files_in(self.spool) + files_in(self.side.spool), [])

    @property
    def over_msrp(self) -> Any:
        """What SMS has open."""
        (service,) = self.gateway._services
        return service._over_msrp  # type: ignore[attr-defined]

    @property
    def bob(self) -> Handset:
        """The handset of the SMS user."""
        return self.centre.handset(BOB[4:])

    @property
    def alice(self) -> Conversation:
        """What the CPM user has got by SIP MESSAGE."""
        return self.cpm.user(ALICE)

    def raw(self, octets: bytes) -> Raw:
        """A connection to the gateway's MSRP, and octets on it."""
        raw = Raw()
        factory: Any = ClientFactory()
        factory.protocol = lambda: raw
        self.network.connectTCP(HOST, 2855, factory)
        self.network.settle()
        raw.send(octets)
        self.settle()
        return raw


class LargeOutbound(Large):
    def established(self, **details: Any) -> Talk:
        """A session that is ready for its message."""
        talk = self.side.large(**details)
        assert talk.answer is not None
        self.assertEqual(talk.answer.status, 200)
        talk.establish()
        return talk

    def say(self, talk: Talk, text: str = TEXT, **details: Any) -> int:
        """The MSRP status of a message, once all rests."""
        sent = talk.say(text, **details)
        self.settle()
        status: int = self.successResultOf(sent)
        self.network.advance(ANSWER_FIRST)  # then the BYE, where there is one
        self.settle()
        return status

    def submitted(self) -> list[SubmitSm]:
        """The submit_sm that came to the SM-SC."""
        return [each for each in self.centre.submitted if isinstance(each, SubmitSm)]


class Raw(Protocol):
    """A connection that says what it is told; `came` are the octets it got."""

    def __init__(self) -> None:
        self.came = b""

    def send(self, octets: bytes) -> None:
        """Send octets."""
        assert self.transport is not None
        self.transport.write(octets)

    def dataReceived(self, data: bytes) -> None:
        """Keep what comes."""
        self.came += data

    def close(self) -> None:
        """Go away."""
        assert self.transport is not None
        self.transport.loseConnection()


def files_in(directory: str) -> list[str]:
    """The files below a directory, which need not be there."""
    return [str(each) for each in Path(directory).rglob("*") if each.is_file()]


class SendByHand:
    """A chunk of `TEXT`, from octet `start` to `end` or the last one."""

    def __init__(self, talk: Talk, transaction: str, start: int, end: int = 0) -> None:
        self._paths = talk.stream.path[0], talk.session.path[0]
        self._transaction = transaction
        self._whole = cpim(TEXT)
        self._start = start
        self._end = end or len(self._whole)

    def encode(self) -> bytes:
        """Its octets (RFC 4975 7.1)."""
        whole, start, end = self._whole, self._start, self._end
        to_path, from_path = self._paths
        head = (
            f"MSRP {self._transaction} SEND\r\nTo-Path: {to_path}\r\n"
            f"From-Path: {from_path}\r\nMessage-ID: by-hand\r\n"
            f"Byte-Range: {start}-{end}/{len(whole)}\r\n"
            "Content-Type: message/cpim\r\n\r\n"
        )
        flag = "$" if end == len(whole) else "+"
        tail = f"\r\n-------{self._transaction}{flag}\r\n"
        return head.encode() + whole[start - 1 : end] + tail.encode()


def wrapping(wrapped: str, **said: Any) -> Any:
    """An offer that wraps these types."""

    def offer(session: IMsrpSession) -> bytes:
        return describe(session, direction="sendonly", wrapped=wrapped, **said)

    return offer
