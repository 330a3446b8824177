"""Commands that are run in memory, and the files they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cli import main
from cpmgw.lab.pager import PagerMessage, pager_request
from tests.sdp.samples import FILE, LARGE_MESSAGE

ALICE: Final = "+15145550001"
BOB: Final = "+15145550002"
PARTIES: Final = ("--from", ALICE, "--to", BOB)

SMS_ONLY: Final = """
[gateway]
domain = "ims.example.net"
[[smsc]]
name = "home"
host = "127.0.0.1"
system_id = "cpmgw"
"""
MMS: Final = """
[[iwf]]
name = "mms-1"
service = "MMS"
uri = "sip:192.0.2.20:5060;transport=tcp"
"""
EMAIL: Final = """
[[iwf]]
name = "mail"
service = "email"
uri = "sip:192.0.2.30"
addresses = "mailbox"
assigns_originator = true
"""
POOL: Final = """
[[number_pool]]
name = "groups"
numbers = ["+15145559000-+15145559099"]
"""
XDMS: Final = '[xdms]\nroot = "http://127.0.0.1:8090/xcap"\n'
ALL: Final = SMS_ONLY + MMS + EMAIL

CHAT: Final = """\
v=0
o=- 1 1 IN IP4 a.example.com
s=-
c=IN IP4 a.example.com
t=0 0
m=message 7654 TCP/MSRP *
a=accept-types:message/cpim
a=accept-wrapped-types:text/plain
a=path:msrp://a.example.com:7654/s1;tcp
a=setup:actpass
"""


class CommandCase(SynchronousTestCase):
    """Runs `cpmgw`; what goes wrong inside of it is raised."""

    def run_command(self, *arguments: str, octets: bytes = b"") -> Result:
        """Run it with these octets as its standard input."""
        result = CliRunner().invoke(main, list(arguments), input=octets)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def written(self, content: str | bytes) -> str:
        """The name of a file with this content."""
        path = Path(self.mktemp())
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def explained(
        self, *arguments: str, config: str = ALL, octets: bytes = b""
    ) -> Result:
        """Run `cpmgw explain` with a configuration of this text."""
        path = self.written(config)
        return self.run_command("explain", "--config", path, *arguments, octets=octets)

    def document(
        self, *arguments: str, config: str = ALL, octets: bytes = b""
    ) -> dict[str, Any]:
        """The JSON of `cpmgw explain`."""
        result = self.explained(*arguments, "--json", config=config, octets=octets)
        made: dict[str, Any] = msgspec.json.decode(result.stdout)
        return made


def profile(name: str, text: str = ALL) -> str:
    """A configuration that builds on another profile."""
    return text.replace("[gateway]\n", f'[gateway]\nprofile = "{name}"\n')


def message(**details: Any) -> bytes:
    """A SIP MESSAGE from Alice to Bob, as it comes from a network."""
    details = {
        "sender": f"tel:{ALICE}",
        "recipient": f"tel:{BOB}",
        "text": "Hello",
        "message_id": "m-1",
    } | details
    request = pager_request(PagerMessage(**details), call_id="call-1", now=1.0)
    via = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"
    return request.replace(headers=request.headers.with_first("Via", via)).encode()


def invite(
    offer: str = CHAT, feature: str = "session", more: tuple[str, ...] = ()
) -> bytes:
    """An INVITE from Alice to Bob with an offer."""
    lines = (
        f"INVITE tel:{BOB} SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK2",
        "Max-Forwards: 70",
        f"From: <tel:{ALICE}>;tag=a",
        f"To: <tel:{BOB}>",
        "Call-ID: call-2",
        "CSeq: 1 INVITE",
        f'Accept-Contact: *;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi'
        f'.oma.cpm.{feature}"',
        "Content-Type: application/sdp",
        *more,
        f"Content-Length: {len(offer) + offer.count(chr(10))}",
        "",
        "",
    )
    return ("\r\n".join(lines) + offer.replace("\n", "\r\n")).encode()


def large_message() -> bytes:
    """An INVITE that offers a large message (conversation TS 7.2.1.2)."""
    return invite(LARGE_MESSAGE, "largemsg")


def file_transfer() -> bytes:
    """An INVITE that offers a picture (RFC 5547)."""
    return invite(FILE, "filetransfer")
