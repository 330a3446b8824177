"""A gateway as a process, with an MMS relay/server behind Postfix and CPM users."""

from __future__ import annotations

import signal
import smtplib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.threads import deferToThread

from cpmgw.lab.conversation import Conversation, SentMessage
from cpmgw.lab.cpm_side import CpmSide
from cpmgw.lab.laboratory import Laboratory, LabSettings
from cpmgw.lab.mms.handset import MmsHandset
from cpmgw.lab.mms.relay import MmsRelay
from cpmgw.lab.pager import PagerMessage
from cpmgw.lab.sessions.large import SentLarge
from tests.live import postfix
from tests.live.case import LiveTestCase, free_port, until
from tests.live.gateway import Network, start_gateway
from tests.live.postfix import Postfix, start_postfix
from tests.live.process import Process
from tests.live.reactor import reactor

NUMBER: Final = "+15550001001"
USER: Final = f"tel:{NUMBER}"
HANDSET: Final = "+15145550002"
MMS_DOMAIN: Final = "mms.example.net"
OUR_DOMAIN: Final = "mm4.ims.example.net"
MMSC: Final = f"system-user@{MMS_DOMAIN}"
OURS: Final = f"{NUMBER}/TYPE=PLMN@{OUR_DOMAIN}"
THEIRS: Final = f"{HANDSET}/TYPE=PLMN@{MMS_DOMAIN}"
CONTEXT: Final = "multimedia-message"
ASKED: Final = ("positive-delivery", "negative-delivery", "display")


class MmsTestCase(LiveTestCase):
    """CPM users, the gateway, Postfix both ways, and a relay with handsets.

    `mmsc` are further keys of [[mmsc]], `mm4` of [mm4], `policy` of [policy].
    """

    needs = postfix.NEEDS
    timeout = 60
    mmsc: Sequence[str] = ("response_timeout = 5",)
    mm4: Sequence[str] = ()
    policy: Sequence[str] = ()

    lab: Laboratory
    peer: Postfix
    network: Network
    gateway: Process
    mm4_port: int

    @property
    def cpm(self) -> CpmSide:
        """The CPM users."""
        return self.lab.cpm

    @property
    def relay(self) -> MmsRelay:
        """The MMS relay, with its handsets."""
        return self.lab.relay

    @property
    def handset(self) -> MmsHandset:
        """Its handset."""
        return self.relay.handset(HANDSET)

    @property
    def user(self) -> Conversation:
        """The CPM user."""
        return self.cpm.user(USER)

    async def between(self) -> None:
        """Start everything."""
        self.mm4_port, relay_port, sip_port = free_port(), free_port(), free_port()
        self.peer = await start_postfix(
            self, {MMS_DOMAIN: relay_port, OUR_DOMAIN: self.before(self.mm4_port)}
        )
        port = free_port()
        self.lab = Laboratory(
            reactor,
            LabSettings(
                sip_port=sip_port,
                smpp_port=0,
                mm4_port=relay_port,
                gateway=f"sip:127.0.0.1:{port}",
                gateway_mm4=f"127.0.0.1:{self.peer.port}",
                mms_domain=MMS_DOMAIN,
                gateway_mm4_domain=OUR_DOMAIN,
            ),
        )
        self.lab.startService()
        self.at_the_end(self._stop_lab)
        self.network = Network(
            next_hop=f"sip:127.0.0.1:{sip_port};lr",
            port=port,
            policy=tuple(self.policy),
            tables=self._tables(),
        )
        self.gateway = await start_gateway(self, self.network)

    def before(self, port: int) -> int:
        """What stands before a port of SMTP; nothing does as a rule."""
        return port

    async def start_again(self, name: str) -> None:
        """Start the gateway once more, on the same state."""
        self.gateway = await start_gateway(self, self.network, name)

    def _tables(self) -> str:
        return "\n".join(
            [
                "[msrp]",
                f'listen = "tcp:{free_port()}:interface=127.0.0.1"',
                f'spool = "{self.folder / "msrp"}"',
                "[mm4]",
                f'listen = "tcp:{self.mm4_port}:interface=127.0.0.1"',
                f'domain = "{OUR_DOMAIN}"',
                f'spool = "{self.folder / "mm4"}"',
                "in_memory = 4096",
                *self.mm4,
                "[[mmsc]]",
                'name = "home"',
                'host = "127.0.0.1"',
                f"port = {self.before(self.peer.port)}",
                f'domain = "{MMS_DOMAIN}"',
                *self.mmsc,
                "[mmsc.media]",
                "widest = 640",
                "highest = 480",
            ]
        )

    async def _stop_lab(self) -> None:
        await self.lab.stopService()

    async def ended(self) -> None:
        """Stop the gateway: it leaves no content behind."""
        await until(lambda: not self.kept, 5.0, "no content that is kept")
        self.gateway.signal(signal.SIGTERM)
        await self.gateway.end()
        left = [_files(self.folder / name) for name in ("msrp", "mm4")]
        self.assertEqual(left, [[], []])

    @property
    def kept(self) -> list[Path]:
        """The contents of mails that were acknowledged and are not yet done with."""
        return _files(self.folder / "mm4" / "kept")

    async def until(self, true: Callable[[], Any], what: str = "it") -> None:
        """Wait until something holds."""
        await until(lambda: bool(true()), 15.0, what)

    async def posted(
        self, octets: bytes, sender: str = MMSC, *recipients: str, port: int = 0
    ) -> int:
        """Have smtplib send a mail (to the gateway itself, else to a port).

        Gives the code that the mail got, be it for the content or before.
        """
        return await deferToThread(
            _posted, port or self.mm4_port, sender, recipients or (OURS,), octets
        )

    def context_of(self, sent: SentMessage | SentLarge) -> str | None:
        """By which service it went: what the answer to it, or its BYE, says."""
        answer = sent.bye if isinstance(sent, SentLarge) else sent.response
        return answer.headers.get("Message-Context") if answer is not None else None

    def message(self, text: str = "", target: str = HANDSET) -> PagerMessage:
        """A message of the user's to a handset, which is to be told of."""
        return PagerMessage(
            sender=USER, recipient=f"tel:{target}", text=text, imdn=ASKED
        )


def _posted(port: int, sender: str, recipients: Sequence[str], octets: bytes) -> int:
    with smtplib.SMTP("127.0.0.1", port, MMS_DOMAIN, 10.0) as client:
        try:
            client.sendmail(sender, recipients, octets)
        except smtplib.SMTPRecipientsRefused as error:
            return next(code for code, _ in error.recipients.values())
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
        return 250


def _files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]
