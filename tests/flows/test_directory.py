"""SIP URIs of numbers, from the table and by ENUM, through the gateway (TS Table 9).

[SCR Int-S-008-O]
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import DatagramProtocol
from twisted.names import dns

from cpmgw.addressing.enum import enum_domain
from cpmgw.addressing.originator import ASSERTED
from cpmgw.cpm.cpim_text import parse_address
from cpmgw.lab.conversation import ReceivedMessage
from cpmgw.lab.handset import SmsOptions
from cpmgw.lab.receipt import Address
from tests.flows.house import ALICE, BOB, House

ALICE_SIP = "sip:alice@ims.example.net"
BOB_SIP = "sip:bob@example.net"


class NameServer(DatagramProtocol):
    """A DNS with NAPTR records: of each number one expression, or it has no such name.

    `silent`: it answers nothing. `asked` are the names.
    """

    def __init__(self, expressions: dict[str, str]) -> None:
        self.asked: list[str] = []
        self.silent = False
        self._records = {
            enum_domain(number, "e164.arpa"): expression
            for number, expression in expressions.items()
        }

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Answer a question."""
        query = dns.Message()
        query.fromStr(datagram)
        (question,) = query.queries
        name = question.name.name.decode()
        self.asked.append(name)
        if self.silent:
            return
        answer = dns.Message(query.id, answer=1, recDes=1, recAv=1)
        answer.queries = [question]
        expression = self._records.get(name)
        if expression is None:
            answer.rCode = dns.ENAME
        else:
            record = dns.Record_NAPTR(
                100, 10, b"u", b"E2U+sip", expression.encode(), b""
            )
            answer.answers = [dns.RRHeader(name, dns.NAPTR, ttl=60, payload=record)]
        assert self.transport is not None
        self.transport.write(answer.toStr(), addr)


class Looking(House):
    def sms(self, text: str = "Hello") -> list[list[int]]:
        """Bob's handset writes to Alice; the statuses will be in the list."""
        statuses: list[list[int]] = []
        sending = self.centre.send_sms(BOB[4:], ALICE[4:], text)
        sending.addCallback(statuses.append)
        return statuses

    def received(self, user: str, text: str = "Hello") -> ReceivedMessage:
        """What a user gets of it."""
        statuses = self.sms(text)
        self.network.wait_until(lambda: statuses)
        self.assertEqual(statuses, [[0]])
        return self.cpm.user(user).inbox[-1]

    def identities(self, message: ReceivedMessage) -> tuple[list[str], str]:
        """P-Asserted-Identity and From of a message."""
        headers = message.request.headers
        return headers.all(ASSERTED), str(message.request.from_.uri)


class Table(Looking):
    more = """
[[directory]]
number = "+15145550001"
uri = "sip:alice@ims.example.net"

[[directory]]
number = "+15145550002"
uri = "sip:bob@example.net"
"""

    def test_both(self) -> None:
        """SIP URIs in From and P-Asserted-Identity, To and Request-URI (Table 9)."""
        message = self.received(ALICE_SIP)
        asserted, from_ = self.identities(message)
        self.assertEqual(asserted, [f"<{BOB_SIP}>", f"<{BOB}>"])
        self.assertEqual(from_, f"{BOB_SIP};nccsid=SMS")
        request = message.request
        self.assertEqual(
            (str(request.uri), str(request.to.uri)), (ALICE_SIP, ALICE_SIP)
        )
        assert message.cpim is not None
        self.assertEqual(message.cpim.get("From"), f"<{BOB_SIP}>")
        self.assertEqual(message.cpim.get("To"), f"<{ALICE_SIP}>")
        self.assertEqual(self.gateway.directory.counts["static"], 2)

    def test_identifiers_are_those_of_the_numbers(self) -> None:
        """The Conversation-ID is the same when the directory knows nobody any more."""
        known = self.received(ALICE_SIP)
        self._stop(self.gateway)
        self.more = ""
        self.gateway = self.start_gateway()
        unknown = self.received(ALICE, "Hello again")
        self.assertEqual(known.conversation_id, unknown.conversation_id)


class Secure(Looking):
    more = """
[[directory]]
number = "+15145550001"
uri = "sips:alice@ims.example.net"
"""

    def test_sips(self) -> None:
        """A sips URI goes to the next hop like others: the core is trusted."""
        message = self.received("sips:alice@ims.example.net")
        self.assertEqual(str(message.request.uri), "sips:alice@ims.example.net")


class Shown(Looking):
    more = """
[[dial_plan.names]]
name = "BANK"
uri = "sip:bank@example.net"
display = 'The "Bank" of Ü'
"""

    def test_display_name(self) -> None:
        """A display name is quoted where it must be, in SIP and in CPIM."""
        options = SmsOptions(source=Address(5, 0, "BANK"))
        self.centre.send_sms(BOB[4:], ALICE[4:], "Hello", options)
        self.settle()
        (message,) = self.cpm.user(ALICE).inbox
        (asserted,) = message.request.headers.addresses(ASSERTED)
        self.assertEqual(asserted.display_name, 'The "Bank" of Ü')
        self.assertEqual(message.request.from_.display_name, 'The "Bank" of Ü')
        assert message.cpim is not None
        shown = parse_address(message.cpim.get("From") or "")
        self.assertEqual(
            (shown.name, shown.uri), ('The "Bank" of Ü', "sip:bank@example.net")
        )


class ByEnum(Looking):
    """A gateway with a DNS in which both have a SIP URI."""

    more = '[enum]\nsuffix = "e164.arpa"\nservers = ["127.0.0.1:5353"]'
    expressions = {
        ALICE[4:]: f"!^.*$!{ALICE_SIP}!",
        BOB[4:]: "!^\\+1514(.*)$!sip:\\1@example.net!",
    }

    def setUp(self) -> None:
        super().setUp()
        self.names = NameServer(self.expressions)
        self.network.listenUDP(5353, self.names, "127.0.0.1")

    def counts(self) -> dict[str, int]:
        """What came of look-ups."""
        return {what: n for what, n in self.gateway.directory.counts.items() if n}


class Enum(ByEnum):
    def test_both(self) -> None:
        """What the DNS says of both stands in the message."""
        message = self.received(ALICE_SIP)
        asserted, from_ = self.identities(message)
        self.assertEqual(asserted, ["<sip:5550002@example.net>", f"<{BOB}>"])
        self.assertEqual(from_, "sip:5550002@example.net;nccsid=SMS")
        self.assertEqual(str(message.request.uri), ALICE_SIP)
        self.assertEqual(self.counts(), {"enum-found": 2})

    def test_known_for_a_while(self) -> None:
        """The DNS is not asked again for what is known."""
        self.received(ALICE_SIP, "one")
        self.received(ALICE_SIP, "two")
        self.assertEqual(len(self.names.asked), 2)

    def test_silence(self) -> None:
        """A silent DNS holds a message up for its time-out, and no longer."""
        self.names.silent = True
        statuses = self.sms()
        self.settle()
        self.network.advance(1.9)
        self.settle()
        self.assertEqual(statuses, [])
        self.network.advance(0.2)
        self.network.wait_until(lambda: statuses)
        self.assertEqual(statuses, [[0]])
        message = self.cpm.user(ALICE).inbox[-1]
        self.assertEqual(self.identities(message), ([f"<{BOB}>"], f"{BOB};nccsid=SMS"))
        self.assertEqual(self.counts(), {"enum-timeout": 2})

    def test_stop(self) -> None:
        """A gateway stops while the DNS is asked; the message comes again later."""
        self.names.silent = True
        statuses = self.sms()
        self.settle()
        self._stop(self.gateway)
        self.names.silent = False
        self.gateway = self.start_gateway()
        for _ in range(20):
            self.network.advance(5)
            self.settle()
        self.assertEqual(statuses, [[0]])
        self.assertEqual(self.cpm.user(ALICE_SIP).texts, ["Hello"])


class EnumOfOne(ByEnum):
    """The DNS knows one of them, or says nonsense of the other."""

    expressions = {ALICE[4:]: f"!^.*$!{ALICE_SIP}!", BOB[4:]: "!^.*$!javascript:x!"}

    def test_both(self) -> None:
        """The target by its SIP URI, the sender by its number alone."""
        message = self.received(ALICE_SIP)
        self.assertEqual(self.identities(message), ([f"<{BOB}>"], f"{BOB};nccsid=SMS"))
        self.assertEqual(str(message.request.uri), ALICE_SIP)
        self.assertEqual(self.counts(), {"enum-found": 1, "enum-nothing": 1})


class EnumOfOthers(ByEnum):
    """The DNS has another's number for one of them, and for the other 911."""

    expressions = {
        ALICE[4:]: "!^.*$!sip:911@ims.example.net;user=phone;maddr=192.0.2.9!",
        BOB[4:]: "!^.*$!sip:\\+15145559911@ims.example.net;user=phone;nccsid=MMS!",
    }

    def test_both(self) -> None:
        """Both by their numbers alone: nobody is asserted to be two."""
        message = self.received(ALICE)
        self.assertEqual(self.identities(message), ([f"<{BOB}>"], f"{BOB};nccsid=SMS"))
        request = message.request
        self.assertEqual((str(request.uri), str(request.to.uri)), (ALICE, ALICE))
        self.assertEqual(self.counts(), {"enum-nothing": 2})


class EnumWithParameters(ByEnum):
    """The DNS gives URIs with parameters that say nothing of a user."""

    expressions = {
        ALICE[4:]: f"!^.*$!{ALICE_SIP};maddr=192.0.2.9!",
        BOB[4:]: "!^(.*)$!sip:\\1@h;user=phone;nccsid=MMS!",
    }

    def test_both(self) -> None:
        """They are left out: From is marked with the service of the sender."""
        message = self.received(ALICE_SIP)
        uri = f"sip:{BOB[4:]}@h;user=phone"
        self.assertEqual(
            self.identities(message),
            ([f"<{uri}>", f"<{BOB}>"], f"{uri};nccsid=SMS"),
        )
        self.assertEqual(str(message.request.uri), ALICE_SIP)


class NoEnum(ByEnum):
    """The DNS knows nobody."""

    expressions = {}

    def test_both(self) -> None:
        """Both by their numbers alone."""
        message = self.received(ALICE)
        self.assertEqual(self.identities(message), ([f"<{BOB}>"], f"{BOB};nccsid=SMS"))
        self.assertEqual(str(message.request.uri), ALICE)
