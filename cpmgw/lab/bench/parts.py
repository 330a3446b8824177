"""The parts of the gateway on their own: microseconds of CPU for one operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter, process_time, time
from typing import Any, Final, cast
from uuid import uuid4

import msgspec
from twisted.internet.defer import Deferred

from cpmgw.cpm.chat_content import read_chat
from cpmgw.cpm.cpim import parse_cpim
from cpmgw.cpm.imdn import (
    Imdn,
    Kind,
    Notification,
    Status,
    build_imdn,
    notification_body,
    parse_imdn,
)
from cpmgw.garbage import calm_down
from cpmgw.lab.bench import frames
from cpmgw.lab.bench.centre import receipt
from cpmgw.lab.bench.inprocess import InProcess
from cpmgw.lab.bench.invitations import Invitation
from cpmgw.lab.bench.messages import PagerMessages
from cpmgw.msrp.frames import Request, write_answer
from cpmgw.msrp.parser import Event, FrameParser
from cpmgw.msrp.parser import Limits as MsrpLimits
from cpmgw.records import Answer, ImdnContext, SegmentReport, SentMessage
from cpmgw.sdp.parser import parse_sdp
from cpmgw.sdp.stream import streams
from cpmgw.sip.message import respond
from cpmgw.sip.parser import Limits, parse_datagram
from cpmgw.store.sqlite import SqliteStore
from txsmpp.codec import decode, encode
from txsmpp.pdu import SubmitSm
from txsmpp.text.receipt import parse_receipt

_BATCH: Final = 32
_WHOLE_BATCH: Final = 64
_REPEATS: Final = 5

_IMDN: Final = Imdn(
    message_id="bench-00000000",
    datetime="2026-01-05T12:00:00Z",
    notifications=(
        Notification(Kind.DELIVERY, Status.DELIVERED),
        Notification(Kind.INTERWORKING, Status.LEGACY_SMS),
    ),
    recipient_uri="tel:+15145550000",
)
_SUBMIT_SM: Final = SubmitSm(
    source_addr_ton=1,
    source_addr_npi=1,
    source_addr="15145560000",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="15145550000",
    validity_period="000002000000000R",
    registered_delivery=1,
    short_message=b"bench-00000000: shall we meet at eight, where we met last time?",
)
_CONTEXT: Final = ImdnContext(
    originator="tel:+15145560000",
    recipient="tel:+15145550000",
    cpim_from="tel:+15145560000",
    cpim_to="tel:+15145550000",
    message_id="bench-00000000",
    datetime="2026-01-05T12:00:00Z",
    requested=("interworking", "positive-delivery"),
    conversation_id="f81d4fae-7dec-11d0-a765-000000000000",
    contribution_id="abcdef00-1234-1234-1234-000000000000",
)
_HEADERS: Final = (
    ("Conversation-ID", "f81d4fae-7dec-11d0-a765-000000000000"),
    ("Contribution-ID", "abcdef00-1234-1234-1234-000000000000"),
    ("Server", "IWF-SMS/OMA2.2"),
    ("Message-Context", "pager-message"),
    ("Message-Correlator", "bench-00000000: shall we meet at eight, "),
)


class Part(msgspec.Struct, frozen=True):
    """What one operation costs, in seconds of CPU, all threads together."""

    name: str
    cost: float


def measure(run: Callable[[], object], seconds: float) -> float:
    """The CPU seconds of one call: the least of several rounds, less disturbed."""
    began, count = perf_counter(), 0
    while perf_counter() - began < seconds / (_REPEATS + 1):
        run()
        count += 1
    rounds = []
    for _ in range(_REPEATS):
        start = process_time()
        for _ in range(count):
            run()
        rounds.append((process_time() - start) / count)
    return min(rounds)


def session_codecs() -> Iterator[tuple[str, Callable[[], object]]]:
    """Those of sessions, on what the load's sessions send."""
    limits = Limits()
    invitation = Invitation(0, 5070)
    invite = invitation.invite()
    offer = parse_datagram(invite, limits).body
    uri = "msrp://127.0.0.1:2855/0123456789abcdef;tcp"
    octets = frames.message(0, uri, invitation.own)
    parser = FrameParser(MsrpLimits())

    def parse() -> list[Event]:
        parser.add(octets)
        return list(iter(parser.take, None))

    events = parse()
    head, body = cast(Request, events[0]), cast(bytes, events[1])
    yield (
        f"SIP parse, INVITE of {len(invite)} octets",
        lambda: parse_datagram(invite, limits),
    )
    yield "SDP parse, offer of one stream", lambda: streams(parse_sdp(offer))
    yield f"MSRP parse, SEND of {len(octets)} octets", parse
    yield "MSRP encode, 200", lambda: write_answer(head, 200)
    yield "chat message read", lambda: read_chat(head.content_type, body)


def codecs() -> Iterator[tuple[str, Callable[[], object]]]:
    """The codecs, on the messages of the load."""
    limits = Limits()
    octets = PagerMessages("UDP", "127.0.0.1", 5070).message(0)
    request = parse_datagram(octets, limits)
    cpim = request.body
    response = respond(request, 202, headers=_HEADERS)  # type: ignore[arg-type]
    submit_sm = encode(_SUBMIT_SM)
    deliver_sm = receipt(0, "15145560000", "15145550000", 1)
    document = build_imdn(_IMDN)
    yield (
        f"SIP parse, MESSAGE of {len(octets)} octets",
        lambda: parse_datagram(octets, limits),
    )
    yield "SIP encode, MESSAGE", request.encode
    yield "SIP encode, 202", response.encode
    yield f"CPIM parse, {len(cpim)} octets", lambda: parse_cpim(cpim)
    yield "IMDN build", lambda: build_imdn(_IMDN)
    yield (
        "IMDN in its CPIM build",
        lambda: notification_body(
            _IMDN,
            sender="tel:+15145550000",
            to="tel:+15145560000",
            datetime="2026-01-05T12:00:00Z",
            message_id="0123456789abcdef0123456789abcdef",
        ),
    )
    yield f"IMDN parse, {len(document)} octets", lambda: parse_imdn(document)
    yield "SMPP encode, submit_sm", lambda: encode(_SUBMIT_SM)
    yield "SMPP decode, submit_sm", lambda: decode(submit_sm)
    yield "SMPP decode, deliver_sm", lambda: decode(deliver_sm)
    pdu: Any = decode(deliver_sm)
    yield "SMPP receipt read", lambda: parse_receipt(pdu)
    yield from session_codecs()


class _Store:
    """The store without a reactor; each call does a batch."""

    def __init__(self, folder: Path) -> None:
        self._results: SimpleQueue[tuple[Any, Any]] = SimpleQueue()
        self._store = SqliteStore(str(folder / "parts.sqlite"), self._take, time)
        self._store.open()
        self._keys: list[str] = []
        self._reported = self._settled = 0

    def _take(self, function: Any, *arguments: Any) -> None:
        self._results.put((function, arguments))

    def _wait(self, work: list[Deferred[Any]]) -> None:
        for deferred in work:
            while not deferred.called:
                function, arguments = self._results.get()
                function(*arguments)

    def remember(self) -> None:
        """Keep messages with their answers."""
        fresh = [uuid4() for _ in range(_BATCH)]
        expires = time() + 600.0
        first = len(self._keys)
        self._keys.extend([each.hex for each in fresh])
        self._wait(
            [
                self._store.sent.remember(
                    Answer(
                        key=each.bytes,
                        status=202,
                        reason="Accepted",
                        headers=_HEADERS,
                        expires=expires,
                    ),
                    SentMessage(
                        key=each.hex,
                        context=_CONTEXT,
                        segments=(("bench", f"{first + number:08x}"),),
                        expires=expires,
                    ),
                )
                for number, each in enumerate(fresh)
            ]
        )

    def report(self) -> None:
        """Record the reports of the next messages."""
        numbers = [(self._reported + each) % len(self._keys) for each in range(_BATCH)]
        self._reported += _BATCH
        delivered = SegmentReport(2, "000")
        self._wait(
            [
                self._store.sent.report("bench", f"{each:08x}", delivered)
                for each in numbers
            ]
        )

    def settle(self) -> None:
        """Mark the next messages as notified."""
        until = time() + 600.0
        keys = [
            self._keys[(self._settled + each) % len(self._keys)]
            for each in range(_BATCH)
        ]
        self._settled += _BATCH
        self._wait([self._store.sent.settle(key, until) for key in keys])

    def close(self) -> None:
        """Let go of the file."""
        self._wait([self._store.close()])


def all_parts(folder: Path, seconds: float) -> Iterator[Part]:
    """Measure each part for about `seconds`."""
    for name, run in codecs():
        yield Part(name, measure(run, seconds))
    store = _Store(folder)
    for name, run in (
        ("store remember", store.remember),
        ("store report", store.report),
        ("store settle", store.settle),
    ):
        yield Part(f"{name}, {_BATCH} at once", measure(run, seconds) / _BATCH)
    store.close()
    house = InProcess(folder)
    calm_down()
    house.carry(_WHOLE_BATCH)
    rounds = [house.carry(_WHOLE_BATCH) for _ in range(max(3, int(seconds * 20)))]
    house.stop()
    yield Part("whole path in process, load included", min(rounds) / _WHOLE_BATCH)
