"""What MSRP requests and responses say, and how they are written (RFC 4975 7, 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

import msgspec

from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.interfaces import FailureReport

HYPHENS: Final = b"-------"
IDENT: Final = r"[A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}"

# ident = ALPHANUM 3*31ident-char
_IDENT: Final = re.compile(IDENT)
# range-start "-" range-end "/" total, and no number is of more than 18 digits
_RANGE: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18}|\*)/([0-9]{1,18}|\*)")
# Status = "Status:" SP namespace SP status-code [SP text-reason]
_STATUS: Final = re.compile(r"([0-9]{3}) ([0-9]{3})(?: .*)?", re.DOTALL)
_LONGEST_TYPE: Final = 512
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Headers = tuple[tuple[str, str], ...]

# RFC 4975 10
OK: Final = 200
BAD: Final = 400
TIMEOUT: Final = 408
TOO_LARGE: Final = 413
NO_SESSION: Final = 481
UNKNOWN_METHOD: Final = 501
BOUND_ELSEWHERE: Final = 506

# RFC 4975 10, RFC 4976 7
REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    408: "Request Timeout",
    413: "Message Too Large",
    415: "Unsupported Media Type",
    423: "Parameter Out Of Bounds",
    481: "Session Does Not Exist",
    501: "Method Not Understood",
    506: "Session Already Bound",
}


class Flag(Enum):
    """How a chunk ends (RFC 4975 7.1)."""

    LAST = "$"
    MORE = "+"
    ABORTED = "#"


class ByteRange(msgspec.Struct, frozen=True):
    """Which octets of a message a chunk has, from 1; None is "*" (RFC 4975 7.1.1)."""

    start: int = 1
    end: int | None = None
    total: int | None = None

    def __str__(self) -> str:
        end = "*" if self.end is None else self.end
        total = "*" if self.total is None else self.total
        return f"{self.start}-{end}/{total}"


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a request (RFC 4975 7.2); `text` is the comment on the status."""

    transaction: str
    status: int
    text: str = ""
    to_path: tuple[str, ...] = ()
    from_path: tuple[str, ...] = ()
    headers: Headers = ()

    def all(self, name: str) -> list[str]:
        """The values of a header."""
        return _values(self.headers, name)


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a request; its body follows in pieces (RFC 4975 7.1).

    With a `fault` it has to be refused with 400, whatever else it says; if one of its
    paths is empty then, it cannot be answered.
    """

    transaction: str
    method: str
    to_path: tuple[str, ...]
    from_path: tuple[str, ...]
    headers: Headers = ()
    has_body: bool = False
    fault: str = ""

    @property
    def message_id(self) -> str:
        """Which message it is of."""
        value = _one(self.headers, "message-id")
        if value is None or not _IDENT.fullmatch(value):
            raise MsrpSyntaxError("Malformed Message-ID")
        return value

    @property
    def byte_range(self) -> ByteRange:
        """Its octets; all of the message where it does not say."""
        value = _one(self.headers, "byte-range")
        if value is None:
            return ByteRange()
        match = _RANGE.fullmatch(value)
        if match is None:
            raise MsrpSyntaxError("Malformed Byte-Range")
        start, end, total = match.groups()
        return ByteRange(int(start), _number(end), _number(total))

    @property
    def success_report(self) -> bool:
        """Whether a REPORT is wanted when the message is here."""
        value = _one(self.headers, "success-report") or "no"
        if value.lower() not in ("yes", "no"):
            raise MsrpSyntaxError("Malformed Success-Report")
        return value.lower() == "yes"

    @property
    def failure_report(self) -> FailureReport:
        """Which answers are wanted."""
        value = _one(self.headers, "failure-report") or "yes"
        try:
            return FailureReport(value.lower())
        except ValueError:
            raise MsrpSyntaxError("Malformed Failure-Report") from None

    @property
    def content_type(self) -> str:
        """The type of its body, "" where it has none."""
        value = _one(self.headers, "content-type") or ""
        if len(value) > _LONGEST_TYPE or _CONTROL.search(value):
            raise MsrpSyntaxError("Malformed Content-Type")
        return value

    @property
    def status(self) -> int:
        """What a REPORT tells (RFC 4975 7.1.2, 9)."""
        match = _STATUS.fullmatch(_one(self.headers, "status") or "")
        if match is None or match[1] != "000":
            raise MsrpSyntaxError("Malformed Status")
        return int(match[2])

    def slim(self, wanted: FailureReport, *, all_the_way: bool) -> Request:
        """What its answer takes of it, and a REPORT that goes `all_the_way` back."""
        headers = (
            ("message-id", self.message_id),
            ("failure-report", wanted.value),
        )
        back = self.from_path if all_the_way else self.from_path[:1]
        return msgspec.structs.replace(self, from_path=back, headers=headers)


def write_request(
    method: str,
    transaction: str,
    to_path: Sequence[str],
    from_path: Sequence[str],
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """The head of a request, without the blank line before a body."""
    lines = [
        f"MSRP {transaction} {method}",
        f"To-Path: {' '.join(to_path)}",
        f"From-Path: {' '.join(from_path)}",
        *[f"{name}: {value}" for name, value in headers],
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def write_end(transaction: str, flag: Flag) -> bytes:
    """An end-line."""
    return b"%b%b%b\r\n" % (HYPHENS, transaction.encode(), flag.value.encode())


def write_answer(request: Request, status: int) -> bytes:
    """The answer to a request: to the hop before for a SEND, else all the way (7.2)."""
    back = request.from_path[:1] if request.method == "SEND" else request.from_path
    text = REASONS.get(status, "")
    return (
        f"MSRP {request.transaction} {status:03d}{' ' if text else ''}{text}\r\n"
        f"To-Path: {' '.join(back)}\r\n"
        f"From-Path: {request.to_path[0]}\r\n"
        f"-------{request.transaction}$\r\n"
    ).encode()


def write_report(
    request: Request, transaction: str, own: str, status: int, size: int
) -> bytes:
    """A REPORT upon the whole message that a SEND was of (RFC 4975 7.1.2)."""
    headers = (
        ("Message-ID", request.message_id),
        ("Byte-Range", str(ByteRange(1, size, size))),
        ("Status", f"000 {status:03d} {REASONS.get(status, '')}".rstrip()),
    )
    head = write_request("REPORT", transaction, request.from_path, (own,), headers)
    return head + write_end(transaction, Flag.LAST)


def is_ident(text: str) -> bool:
    """Whether it can be a Message-ID or a transaction id."""
    return _IDENT.fullmatch(text) is not None


def _number(text: str) -> int | None:
    return None if text == "*" else int(text)


def _values(headers: Headers, name: str) -> list[str]:
    return [value for each, value in headers if each == name]


def _one(headers: Headers, name: str) -> str | None:
    values = _values(headers, name)
    if len(values) > 1:
        raise MsrpSyntaxError(f"Repeated {name}")
    return values[0] if values else None
