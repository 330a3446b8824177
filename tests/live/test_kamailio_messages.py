"""Messages through Kamailio to an IWF on another host (TS 5.1), which SIPp is."""

from __future__ import annotations

from typing import Final

from tests.live import node_smsc
from tests.live.case import LiveTestCase
from tests.live.node_smsc import start_node_smsc
from tests.live.remote_iwf import RemoteIwfTestCase
from tests.live.sessions import field, hops, requests, responses
from tests.live.sipp import Pager, Sipp, send_messages, take_messages

USER: Final = "+15550001001"
HANDSET: Final = "+15145550002"
DOT: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
PNG: Final = ("Content-Type: image/png", "Content-Transfer-Encoding: base64")
SYSTEM_ERROR: Final = 0x08


class Messages(RemoteIwfTestCase):
    async def test_picture(self) -> None:
        """A picture goes to the MMS IWF as it came, and its 202 comes back.

        [TS 5.1 step 10] [TS 5.1 step 12]
        """
        await self.picture("udp", "udp")

    async def test_picture_by_tcp(self) -> None:
        """A picture that comes by TCP leaves by UDP, and its 202 finds back."""
        await self.picture("tcp", "udp")

    async def picture(self, inner: str, outer: str) -> None:
        """A picture crosses core and gateway."""
        iwf = take_messages(self, 1, transport=outer, scenario="take_as_mms.xml")
        await self.between(iwf, inner, outer)
        pager = Pager(USER, HANDSET, "Picture", DOT)
        sender = send_messages(self, [pager], to_port=self.core.port, content=PNG)
        await sender.finished()
        await iwf.finished()
        request = requests(iwf, "MESSAGE")[0]
        self.assertEqual(
            hops(request),
            [
                (outer, self.network.port),
                (inner, self.core.port),
                ("udp", sender.port),
            ],
        )
        self.assertIn(DOT, request)
        self.assertEqual(_body(request), _body(sender.sent[0]))
        _is_of_mms(self, sender)


class Reselection(RemoteIwfTestCase):
    needs = (*RemoteIwfTestCase.needs, *node_smsc.NEEDS)

    async def test_refused_by_the_centre(self) -> None:
        """What the SM-SC refuses is taken by the MMS IWF on another host.

        [TS 5.1 step 11] [TS 5.1 step 11b] [TS 5.1 step 11c]
        """
        centre = await start_node_smsc(self)
        self.configure(smsc_port=centre.port)
        iwf = take_messages(self, 1, scenario="take_as_mms.xml")
        await self.between(iwf)
        await centre.event("bound")
        centre.tell("behave", status=SYSTEM_ERROR)
        pager = Pager(USER, HANDSET, "Second", "Try another.")
        sender = send_messages(self, [pager], to_port=self.core.port)
        await sender.finished()
        await iwf.finished()
        (submitted,) = centre.events("submit")
        self.assertEqual(submitted["status"], SYSTEM_ERROR)
        self.assertIn("Try another.", requests(iwf, "MESSAGE")[0])
        _is_of_mms(self, sender)


def _is_of_mms(case: LiveTestCase, sender: Sipp) -> None:
    answer = responses(sender, 202, "MESSAGE")[0]
    case.assertEqual(field(answer, "Message-Context"), "multimedia-message")
    case.assertEqual(field(answer, "Server"), "IWF-MMS-serv/OMA2.1")


def _body(message: str) -> str:
    return message.partition("\n\n")[2]
