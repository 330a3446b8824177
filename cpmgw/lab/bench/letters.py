"""The multimedia messages of the load, ready made, for MSRP and for MM4 (no I/O).

Each is a line of text and a picture. Nothing here parses what comes as a peer must: it
knows what it has sent.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import Final

import msgspec
from PIL import Image

from cpmgw.lab.bench.messages import number_after, people

CHUNK: Final = 64 * 1024
PIXELS: Final = (640, 480)
DOMAIN: Final = "mms.example.net"
GATEWAY_DOMAIN: Final = "mm4.ims.example.net"
SYSTEM: Final = f"system-user@{DOMAIN}"

_BOUNDARY: Final = "bench-boundary"
_PARTS: Final = (
    "--bench-boundary\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "\r\n"
    "bench-%(number)08d: this is what it looks like from here.\r\n"
    "--bench-boundary\r\n"
    "Content-Type: image/jpeg\r\n"
    "Content-Location: view.jpg\r\n"
    "Content-Transfer-Encoding: %(encoding)s\r\n"
    "\r\n"
)
_END: Final = b"\r\n--bench-boundary--\r\n"
_CPIM: Final = (
    "From: <tel:+1514556%(originator)04d>\r\n"
    "To: <tel:+1514555%(target)04d>\r\n"
    "DateTime: 2026-01-05T12:00:00Z\r\n"
    "NS: imdn <urn:ietf:params:imdn>\r\n"
    "imdn.Message-ID: bench-%(number)08d\r\n"
    "\r\n"
    "Content-Type: multipart/mixed; boundary=bench-boundary\r\n"
    "Content-Transfer-Encoding: binary\r\n"
    "\r\n"
)
_FORWARD: Final = (
    "X-Mms-3GPP-MMS-Version: 6.3.0\r\n"
    "X-Mms-Message-Type: MM4_forward.REQ\r\n"
    'X-Mms-Transaction-ID: "bench-%(number)08d"\r\n'
    'X-Mms-Message-ID: "bench-%(number)08d@mms.example.net"\r\n'
    "Date: Mon, 05 Jan 2026 12:00:00 +0000\r\n"
    "From: %(sender)s\r\n"
    "To: %(recipient)s\r\n"
    "X-Mms-Message-Class: Personal\r\n"
    "X-Mms-Delivery-Report: No\r\n"
    "X-Mms-Read-Reply: No\r\n"
    "X-Mms-Ack-Request: Yes\r\n"
    f"X-Mms-Originator-System: {SYSTEM}\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=bench-boundary\r\n"
    "Content-Transfer-Encoding: 7bit\r\n"
    "\r\n"
)
_RESPONSE: Final = (
    "X-Mms-3GPP-MMS-Version: 6.3.0\r\n"
    "X-Mms-Message-Type: MM4_forward.RES\r\n"
    'X-Mms-Transaction-ID: "%s"\r\n'
    'X-Mms-Message-ID: "%s"\r\n'
    "X-Mms-Request-Status-Code: Ok\r\n"
    f"Sender: {SYSTEM}\r\n"
    "To: %s\r\n"
    "\r\n"
)
_FIELD: Final = rb"(?mi)^%b:[ \t]*\"?([^\"\r\n]*)"
_TYPE: Final = re.compile(_FIELD % b"X-Mms-Message-Type")
_TRANSACTION: Final = re.compile(_FIELD % b"X-Mms-Transaction-ID")
_MESSAGE: Final = re.compile(_FIELD % b"X-Mms-Message-ID")
_STATUS: Final = re.compile(_FIELD % b"X-Mms-Request-Status-Code")


@lru_cache(maxsize=2)
def picture(size: int) -> bytes:
    """A JPEG of this many octets, or of what noise takes; always the same."""
    noise = random.Random(1).randbytes(PIXELS[0] * PIXELS[1] // 64)
    small = Image.frombytes("L", (PIXELS[0] // 8, PIXELS[1] // 8), noise)
    image = small.resize(PIXELS).convert("RGB")
    found = b""
    for quality in range(95, 4, -5):
        octets = BytesIO()
        image.save(octets, "JPEG", quality=quality)
        found = octets.getvalue()
        if len(found) <= size:
            break
    return found.ljust(size, b"\0")


class Mail(msgspec.Struct, frozen=True):
    """A mail: its envelope, and its octets in two pieces."""

    sender: str
    recipient: str
    head: bytes
    body: bytes = b""


class Letters:
    """The messages of one size."""

    def __init__(self, size: int) -> None:
        octets = picture(size)
        self._raw = octets + _END
        lines = base64.encodebytes(octets).replace(b"\n", b"\r\n")
        self._encoded = lines.removesuffix(b"\r\n") + _END

    def cpim(self, number: int) -> bytes:
        """A message as message/cpim."""
        head = (_CPIM + _PARTS) % {
            **people(number),
            "number": number,
            "encoding": "binary",
        }
        return head.encode() + self._raw

    def sends(self, number: int, to: str, own: str) -> Iterator[bytes]:
        """The SENDs of a message; the answer to the last is to send00000000."""
        content = self.cpim(number)
        size = len(content)
        for begin in range(0, size, CHUNK):
            end = min(begin + CHUNK, size)
            last = end == size
            name = f"send{number:08d}" if last else f"part{number:08d}x{begin}"
            yield (
                f"MSRP {name} SEND\r\nTo-Path: {to}\r\nFrom-Path: {own}\r\n"
                f"Message-ID: send{number:08d}\r\n"
                f"Byte-Range: {begin + 1}-{end}/{size}\r\n"
                "Content-Type: message/cpim\r\n\r\n"
            ).encode()
            yield content[begin:end]
            yield f"\r\n-------{name}{'$' if last else '+'}\r\n".encode()

    def forward(self, number: int) -> Mail:
        """A message of an MMS user."""
        ends = people(number)
        sender = f"+1514555{ends['target']:04d}/TYPE=PLMN@{DOMAIN}"
        recipient = f"+1514556{ends['originator']:04d}/TYPE=PLMN@{GATEWAY_DOMAIN}"
        head = (_FORWARD + _PARTS) % {
            "number": number,
            "sender": sender,
            "recipient": recipient,
            "encoding": "base64",
        }
        return Mail(sender, recipient, head.encode(), self._encoded)


class Came(msgspec.Struct, frozen=True):
    """What is read of a mail of MM4: its type, transaction, message and status."""

    type: str
    transaction: str
    message: str
    status: str

    @property
    def number(self) -> int | None:
        """The number that our transaction has; None if it is none of ours."""
        return number_after(self.transaction.encode(), b"")


def read(mail: bytes) -> Came:
    """Read a mail."""
    head = mail[: mail.find(b"\r\n\r\n") + 2]
    return Came(
        *(_text(each, head) for each in (_TYPE, _TRANSACTION, _MESSAGE, _STATUS))
    )


def response(came: Came, recipient: str) -> Mail:
    """The response to a message that came, which goes to whom it was from."""
    head = _RESPONSE % (came.transaction, came.message, recipient)
    return Mail(SYSTEM, recipient, head.encode())


def _text(pattern: re.Pattern[bytes], head: bytes) -> str:
    found = pattern.search(head)
    return found[1].decode("latin-1").strip() if found is not None else ""
