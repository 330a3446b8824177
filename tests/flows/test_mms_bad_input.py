"""Bad input of MMS relays and of CPM users: a clear status, nothing lost or doubled."""

from __future__ import annotations

import random
from typing import Any

from twisted.internet.protocol import Factory, Protocol

from cpmgw.lab.behaviour import MmsBehaviour, MmscQuirks
from cpmgw.lab.pager import PagerMessage
from cpmgw.mm4.codec import write_pdu
from cpmgw.mm4.entity import leaf
from cpmgw.mm4.fields import write_fields
from cpmgw.mm4.pdu import Forward, MessageType, MmStatus, Transaction
from cpmgw.smtp.interfaces import Reply
from tests.flows.house import ALICE, BOB
from tests.flows.mms import (
    ALICE_MM4,
    BOB_MM4,
    OWN,
    THEIR_SYSTEM,
    MmsHouse,
    mixed,
    text,
)
from tests.flows.test_any_octets import spoilt

PLACE = ("127.0.0.1", 2525)


def forward(number: int = 1, **details: Any) -> Forward:
    """An MMS from Bob to Alice."""
    details.setdefault("acknowledge", True)
    return Forward(
        transaction=Transaction(
            type=MessageType.FORWARD_REQ,
            transaction_id=f"t-{number}",
            message_id=f"m-{number}@mms.example.net",
            version="6.3.0",
        ),
        sender=BOB_MM4,
        to=(ALICE_MM4,),
        originator_system=THEIR_SYSTEM,
        **details,
    )


def mail(
    body: bytes = b"Content-Type: text/plain\r\n\r\nHi\r\n", **fields: str
) -> bytes:
    """The mail of one; `fields` replace some, "" leaves one away."""
    changed = {
        name.strip("_").replace("_", "-").lower(): value
        for name, value in fields.items()
    }
    pairs = []
    for name, value in write_pdu(forward()):
        value = changed.pop(name.lower(), value)
        if value:
            pairs.append((name, value))
    pairs += [(name, value) for name, value in changed.items() if value]
    return write_fields(tuple(pairs)) + b"MIME-Version: 1.0\r\n" + body


class Raw(Protocol):
    """A connection that says what it is told; `codes` are the replies to it."""

    def __init__(self) -> None:
        self.came = b""

    def dataReceived(self, data: bytes) -> None:
        """Keep what comes."""
        self.came += data

    def send(self, octets: bytes) -> None:
        """Say something."""
        assert self.transport is not None
        self.transport.write(octets)

    @property
    def codes(self) -> list[int]:
        """The code of each reply."""
        lines = self.came.split(b"\r\n")
        return [int(each[:3]) for each in lines if each[3:4] == b" "]


class BadInput(MmsHouse):
    def goes_on(self) -> None:
        """Nothing escaped, and the next message crosses, both ways."""
        self.settle()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.behave()
        self.assertEqual(self.send(text="Still there?").status, 202)
        before = len(self.alice.inbox)
        self.assertEqual(self.write_mms("Yes").statuses, ["Ok"])
        self.assertEqual(len(self.alice.inbox), before + 1)

    def statuses(self) -> list[str]:
        """What the gateway has answered by MM4."""
        return [each.status.value for each in self.results]

    def connect(self, host: str = "127.0.0.1") -> Raw:
        """A connection to the gateway's port."""
        raw = Raw()
        factory: Any = Factory.forProtocol(lambda: raw)
        factory.startedConnecting = factory.clientConnectionLost = _nothing
        factory.clientConnectionFailed = _nothing
        self.network.connectTCP(*PLACE, factory, bindAddress=(host, 0))
        self.settle()
        return raw


class NotMm4(BadInput):
    def test_plain_mail(self) -> None:
        """A mail that is no MM4 is refused by SMTP."""
        for octets in (
            b"Subject: Hi\r\n\r\nHello\r\n",
            b"",
            b"\r\n",
            b"Hello\r\n",
            b"\x00\xff\xfe\r\n\r\n",
        ):
            self.assertEqual(self.post_octets(octets).code, 554, octets)
        self.goes_on()

    def test_unknown_type(self) -> None:
        """An unknown type is answered: Error-unsupported-message."""
        octets = mail(x_mms_message_type="MM4_something.REQ")
        self.assertEqual(self.post_octets(octets).code, 250)
        (answer,) = self.relay.reception.unreadable
        self.assertIn(b"X-Mms-Message-Type: MM4_something.RES\r\n", answer)
        self.assertIn(b"Error-unsupported-message", answer)
        self.assertEqual(self.alice.inbox, [])
        self.goes_on()

    def test_unknown_type_that_names_nothing(self) -> None:
        """One that cannot be answered is refused by SMTP."""
        octets = mail(x_mms_message_type="MM4_x.REQ", x_mms_transaction_id="")
        self.assertEqual(self.post_octets(octets).code, 554)
        self.goes_on()

    def test_response_of_nothing(self) -> None:
        """A response that nobody waits for ends here."""
        for kind in (MessageType.FORWARD_RES, MessageType.DELIVERY_REPORT_RES):
            octets = mail(x_mms_message_type=kind.value, x_mms_request_status_code="Ok")
            self.assertEqual(self.post_octets(octets).code, 250)
        self.goes_on()

    def test_bounce_of_nothing(self) -> None:
        """A mail that came back, and that nobody has sent, is no error."""
        octets = b"Subject: Undelivered\r\n\r\nSorry\r\n"
        self.assertEqual(self.post_octets(octets, sender="").code, 554)
        self.goes_on()


class Corrupt(BadInput):
    def test_corrupt_mime(self) -> None:
        """MIME that is none is answered: Error-message-format-corrupt."""
        bodies = (
            b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nHi\r\n--b--\r\n",
            b"Content-Type: multipart/mixed;boundary=b\r\n\r\nno part\r\n",
            b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            b"!!!!\r\n",
            b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-what\r\n\r\nHi",
        )
        for number, body in enumerate(bodies):
            octets = mail(body, x_mms_transaction_id=f'"c-{number}"')
            self.assertEqual(self.post_octets(octets).code, 250)
            self.assertEqual(
                self.statuses()[number:], ["Error-message-format-corrupt"], body
            )
        self.assertEqual(self.alice.inbox, [])
        self.goes_on()

    def test_nesting(self) -> None:
        """Parts within parts, as deep as is read, and one deeper."""
        found = []
        for number, depth in enumerate((4, 200)):
            body = b"Content-Type: text/plain\r\n\r\nHi\r\n"
            for level in range(depth):
                mark = b"b%d" % level
                body = (
                    b"Content-Type: multipart/mixed;boundary=%s\r\n\r\n--%s\r\n"
                    b"%s\r\n--%s--\r\n" % (mark, mark, body, mark)
                )
            self.post_octets(mail(body, x_mms_transaction_id=f'"n-{number}"'))
            found = self.statuses()
        self.assertEqual(found, ["Ok", "Error-message-format-corrupt"])
        self.goes_on()

    def test_many_parts(self) -> None:
        """More parts than are read."""
        part = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
        body = b"Content-Type: multipart/mixed;boundary=b\r\n\r\n"
        self.post_octets(mail(body + part * 3_000 + b"--b--\r\n"))
        self.assertEqual(self.statuses(), ["Error-message-format-corrupt"])
        self.goes_on()

    def test_missing_fields(self) -> None:
        """A message without what it needs is answered, or refused by SMTP."""
        octets = mail(x_mms_message_id="")
        code = self.post_octets(octets).code
        self.assertIn(
            (code, self.statuses()[:1]),
            [
                (250, ["Error-message-format-corrupt"]),
                (554, []),
            ],
        )
        self.assertEqual(self.alice.inbox, [])
        self.goes_on()

    def test_header_without_end(self) -> None:
        """A header larger than is read is refused."""
        octets = b"X-Mms-Message-Type: MM4_forward.REQ\r\n" + b"X: y\r\n" * 50_000
        self.assertIn(self.post_octets(octets).code, (250, 554))
        self.assertEqual(self.alice.inbox, [])
        self.goes_on()

    def test_sender_that_is_none(self) -> None:
        """A sender that is nobody cannot be shown: it is not resolved."""
        self.post_octets(mail(from_="who@knows.test"))
        self.assertEqual(self.statuses(), ["Error-sending-address-unresolved"])
        self.goes_on()

    def test_any_octets(self) -> None:
        """Whatever is in a mail, it has an end, and is answered."""
        chance = random.Random(5)
        samples = [
            mail(),
            mail(
                b"Content-Type: multipart/related;boundary=b\r\n\r\n--b\r\n"
                b"Content-Type: text/plain\r\n\r\nHi\r\n--b\r\nContent-Type: "
                b"image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--"
            ),
            write_fields(
                (
                    *write_pdu(forward()),
                    ("X-Mms-Message-Type", "MM4_delivery_report.REQ"),
                    ("X-Mms-MM-Status-Code", MmStatus.RETRIEVED.value),
                )
            ),
        ]
        codes = set()
        for number in range(400):
            octets = bytes(spoilt(chance.choice(samples), chance, 0))
            octets = octets.replace(b"t-1", b"t-%d" % (number + 10))
            codes.add(self.post_octets(octets).code)
        self.assertLessEqual(codes, {250, 554, 550, 500})
        self.goes_on()


class Injection(BadInput):
    def test_subject_of_cpm(self) -> None:
        """A subject from CPM cannot make another header field of the mail."""
        subjects = (
            "Tea\rBcc: x@example.net",
            "Tea\x0bBcc: x@example.net",
            "=?utf-8?q?Tea=0D=0ABcc:_x@example.net?=",
            "T\u2028ea",
        )
        for subject in subjects:
            sent = self.send(text="Hello", headers=(("Subject", subject),))
            self.assertIn(sent.status, (0, 202, 400))
        for came in self.relay.mails:
            head = came.octets.partition(b"\r\n\r\n")[0].lower()
            self.assertNotIn(b"\nbcc", head)
            self.assertNotIn(b"\rbcc", head)
        self.goes_on()

    def test_subject_of_mms(self) -> None:
        """A subject from MMS cannot make another header field of SIP."""
        subject = "=?utf-8?q?Tea=0D=0APriority:_emergency?="
        self.post_octets(mail(subject=subject))
        (received,) = self.alice.inbox
        headers = received.request.headers
        self.assertIsNone(headers.get("Priority"))
        self.assertNotIn("\n", headers.get("Subject") or "")
        self.goes_on()

    def test_addresses(self) -> None:
        """An address with more in it than an address is none."""
        for target in (
            "+15145550001\r\nX: y/TYPE=PLMN@" + OWN,
            "+15145550001>/TYPE=PLMN@" + OWN,
            "<+15145550001/TYPE=PLMN@" + OWN + "> SIZE=1",
        ):
            raw = self.connect()
            raw.send(b"HELO relay.test\r\nMAIL FROM:<a@mms.example.net>\r\n")
            raw.send(f"RCPT TO:<{target}>\r\nQUIT\r\n".encode())
            self.settle()
            self.assertNotIn(354, raw.codes)
            self.assertGreaterEqual(max(raw.codes), 500)
        self.assertEqual(self.alice.inbox, [])
        self.goes_on()

    def test_identifiers(self) -> None:
        """Identifiers are answered as they are, and make no field of their own."""
        known = b'"t-1\\"\r\n X-Evil: yes"'
        octets = mail().replace(b'"t-1"', known)
        self.assertIn(b"X-Evil", octets)
        self.post_octets(octets)
        for came in self.relay.mails:
            self.assertNotIn(b"\nX-Evil", came.octets)
        self.goes_on()

    def test_content_type(self) -> None:
        """A type from CPM with a break in it makes no other field."""
        kind = 'image/gif; name="a\rX-Evil: yes"'
        sent = self.send(text="x", content_type=kind)
        self.assertIn(sent.status, (202, 400, 415, 488))
        for came in self.relay.mails:
            self.assertNotIn(b"\nX-Evil", came.octets)
        self.goes_on()


class Smuggling(BadInput):
    """Ends of mail that are none (RFC 5321 2.3.8, 4.1.1.4)."""

    ENDS = (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n\n.\r\n")

    def test_towards_us(self) -> None:
        """A bare newline ends no mail, and the mail is refused."""
        for number, end in enumerate(self.ENDS):
            raw = self.connect()
            body = b"Content-Type: text/plain\r\n\r\nHi"
            octets = mail(body, x_mms_transaction_id=f'"s-{number}"')
            smuggled = (
                end
                + b"MAIL FROM:<evil@mms.example.net>\r\nRCPT TO:<"
                + ALICE_MM4.encode()
                + b">\r\nDATA\r\n"
                + mail(x_mms_transaction_id=f'"evil-{number}"')
            )
            raw.send(b"EHLO relay.test\r\nMAIL FROM:<a@mms.example.net>\r\n")
            raw.send(b"RCPT TO:<" + ALICE_MM4.encode() + b">\r\nDATA\r\n")
            self.settle()
            raw.send(octets + smuggled + b"\r\n.\r\nQUIT\r\n")
            self.settle()
            self.assertEqual(raw.codes.count(354), 1, end)
            self.assertGreaterEqual(raw.codes[-2], 400, end)
        self.assertEqual(self.alice.inbox, [])
        self.goes_on()

    def test_towards_the_relay(self) -> None:
        """What a CPM user writes ends no mail at the relay."""
        for end in self.ENDS:
            evil = b"Hi" + end + b"MAIL FROM:<evil@x.test>\r\nDATA\r\n"
            sent = self.cpm.send(
                _message(content=evil, content_type="text/plain;charset=utf-8")
            )
            self.settle()
            self.assertEqual(sent.status, 202)
        self.assertEqual(len(self.forwards), len(self.ENDS))
        self.assertEqual(self.relay.reception.unreadable, [])
        self.goes_on()


class Relaying(BadInput):
    mmsc = 'peers = ["127.0.0.1/32"]'

    def test_strangers(self) -> None:
        """Whoever is no relay of ours has no service."""
        raw = self.connect("192.0.2.1")
        raw.send(b"EHLO x\r\n")
        self.settle()
        self.assertEqual(raw.codes[0], 554)
        self.goes_on()

    def test_other_domains(self) -> None:
        """We relay for nobody, whoever asks."""
        targets = (
            "a@elsewhere.test",
            "+15145550001/TYPE=PLMN@elsewhere.test",
            f"a%elsewhere.test@{OWN}",
            f"@{OWN}:a@elsewhere.test",
            f"+15145550001/TYPE=PLMN@{OWN}.elsewhere.test",
            "postmaster@elsewhere.test",
        )
        for target in targets:
            raw = self.connect()
            raw.send(b"EHLO x\r\nMAIL FROM:<a@mms.example.net>\r\n")
            raw.send(f"RCPT TO:<{target}>\r\nDATA\r\nQUIT\r\n".encode())
            self.settle()
            self.assertNotIn(354, raw.codes, target)
        self.goes_on()


class Limits(BadInput):
    mm4 = "max_size = 20000\nrecipients = 3"
    policy = "mms.max_size = 10000"

    def test_size(self) -> None:
        """A mail at the limit is taken, one beyond is not."""
        head = b"Content-Type: application/pdf\r\n\r\n"
        room = 20_000 - len(mail(head))
        for size, code in ((room, 250), (room + 1, 552)):
            raw = self.connect()
            raw.send(b"HELO relay.test\r\nMAIL FROM:<a@mms.example.net>\r\n")
            raw.send(b"RCPT TO:<" + ALICE_MM4.encode() + b">\r\nDATA\r\n")
            self.settle()
            lines = (b"x" * 70 + b"\r\n") * 400
            raw.send(mail(head + lines[: size - 2] + b"\r\n") + b".\r\n")
            self.settle()
            self.assertEqual(raw.codes[-1], code)
            raw.send(b"QUIT\r\n")
        self.goes_on()

    def test_recipients(self) -> None:
        """As many recipients as are allowed; what is beyond them is refused."""
        numbers = [f"+1514555100{n}" for n in range(4)]
        sent = self.write_mms("Hi", tuple(numbers))
        assert sent.reply is not None
        self.assertEqual(sent.reply.code, 452)
        got = [n for n in numbers if self.cpm.user(f"tel:{n}").texts]
        self.assertEqual(got, numbers[:3])
        self.goes_on()


class Nonsense(Protocol):
    """A relay that says what it is told to each line, and says it at once."""

    says: dict[bytes, bytes]
    content = b""

    def connectionMade(self) -> None:
        """Greet."""
        self._say(b"220", b"220 relay\r\n")

    def dataReceived(self, data: bytes) -> None:
        """Answer a line by its first word."""
        for line in data.splitlines():
            word = line[:4].upper()
            if word in (b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"QUIT", b"RSET"):
                go_ahead = b"354 go\r\n" if word == b"DATA" else b"250 ok\r\n"
                self._say(word, go_ahead)
            elif line == b".":
                self._say(b".", b"250 ok\r\n")

    def _say(self, word: bytes, otherwise: bytes) -> None:
        assert self.transport is not None
        said = self.says.get(word, otherwise)
        if said == b"cut":
            self.transport.loseConnection()
        elif said:
            self.transport.write(said)


class BadRelay(BadInput):
    """A relay that answers nonsense, or stops."""

    mmsc = """
    queue_time = 5.0
    command_timeout = 5.0
    data_timeout = 5.0
    backoff_maximum = 1.0
    """

    def status_of(self, says: dict[bytes, bytes]) -> int:
        """The status of a message by such a relay, then it is well again."""
        self.lab.relay.stopService()
        self.network.settle()
        self.network.advance(1)
        factory: Any = Factory.forProtocol(type("It", (Nonsense,), {"says": says}))
        port = self.network.listenTCP(2526, factory, interface="127.0.0.1")
        sent = self.send(text="Hello", imdn=())
        for _ in range(40):
            if sent.status:
                break
            self.network.advance(1)
            self.settle()
        port.stopListening()
        self.network.cut("127.0.0.1", 2526)
        self.settle()
        return sent.status

    def test_nonsense(self) -> None:
        """Whatever it says, and wherever: 503 if it surely did not leave, else 408."""
        cases: tuple[tuple[dict[bytes, bytes], int], ...] = (
            ({b"220": b"Hello there\r\n"}, 503),
            ({b"220": b"554 go away\r\n"}, 503),
            ({b"220": b"421 not now\r\n"}, 503),
            ({b"220": b""}, 503),
            ({b"220": b"x" * 100_000}, 503),
            ({b"EHLO": b"250-" + b"y" * 100_000}, 503),
            ({b"EHLO": b"250-A\r\n250-B\r\n999 C\r\n"}, 503),
            ({b"MAIL": b"\xff\xfe\r\n"}, 503),
            ({b"MAIL": b"cut"}, 503),
            ({b"RCPT": b""}, 503),
            ({b"DATA": b"250 what?\r\n"}, 503),
            ({b"DATA": b"cut"}, 503),
            ({b".": b""}, 408),
            ({b".": b"cut"}, 408),
            ({b".": b"nonsense\r\n"}, 408),
        )
        for says, status in cases:
            self.assertEqual(self.status_of(says), status, says)
        self.lab.relay.startService()
        self.pass_time(120)
        self.goes_on()

    def test_bad_response(self) -> None:
        """A response with a status that is none counts as unspecified."""
        self.relay.behave(MmsBehaviour(status=None, reports=()))
        sent = self.send(text="Hello", imdn=())
        asked = self.forwards[0].transaction
        octets = mail(
            x_mms_message_type="MM4_forward.RES",
            x_mms_transaction_id=f'"{asked.transaction_id}"',
            x_mms_message_id=f'"{asked.message_id}"',
            x_mms_request_status_code="Whatever",
        )
        self.post_octets(octets)
        self.pass_time(25)
        self.assertIn(sent.status, (400, 408))
        self.goes_on()

    def test_response_of_another(self) -> None:
        """A response with guessed identifiers answers nothing."""
        self.relay.behave(MmsBehaviour(status=None, reports=()))
        sent = self.send(text="Hello", imdn=())
        octets = mail(
            x_mms_message_type="MM4_forward.RES",
            x_mms_transaction_id='"1"',
            x_mms_message_id=f'"0123456789abcdef@{OWN}"',
            x_mms_request_status_code="Ok",
        )
        self.assertEqual(self.post_octets(octets).code, 250)
        self.assertEqual(sent.status, 0)
        self.rest(25)
        self.assertEqual(sent.status, 408)

    def test_response_twice(self) -> None:
        """A second response changes nothing."""
        self.relay.behave(MmsBehaviour(copies=3, reports=()))
        self.assertEqual(self.send(text="Hello", imdn=()).status, 202)
        self.assertEqual(self.relay.failed, [])

    def test_response_refused(self) -> None:
        """A relay that does not take our answer is not told for ever."""
        self.relay.behave(MmsBehaviour(reply=Reply(554, "no"), quirks=MmscQuirks()))
        self.assertEqual(self.write_mms("Hi").statuses, [])
        came = len(self.relay.mails)
        for _ in range(5):
            self.pass_time(600)
        self.assertEqual((len(self.relay.mails), came), (1, 1))


class Cpm(BadInput):
    """What CPM users send."""

    def test_bomb(self) -> None:
        """A picture that is much larger than it looks is refused, or left out."""
        head = b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + b"\x00" * 6
        sent = self.send_entity(leaf("image/bmp", b"BM" + head * 50))
        self.assertEqual((sent.status, self.forwards), (488, []))
        sent = self.send_entity(mixed(text("Look"), leaf("image/bmp", b"BM" + head)))
        self.assertIn(sent.status, (202, 488))
        self.goes_on()

    def test_corrupt_multipart(self) -> None:
        """A multipart that cannot be taken apart is 400, and leaves nothing."""
        for kind in ("multipart/mixed", "multipart/related;boundary=b"):
            sent = self.send(text="nothing in it", content_type=kind)
            self.assertIn(sent.status, (400, 415, 488))
        self.assertEqual(self.forwards, [])
        self.goes_on()

    def test_empty(self) -> None:
        """A message without anything in it."""
        self.assertIn(self.send(text="").status, (202, 400, 488))
        self.goes_on()


def _message(**details: Any) -> PagerMessage:
    return PagerMessage(sender=ALICE, recipient=BOB, imdn=(), **details)


def _nothing(*_: object) -> None:
    """Nobody needs to hear."""
