"""Commands and their replies (RFC 5321 4.1, 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.spool import Body, Spool, SpoolLimits
from cpmgw.smtp import answers
from cpmgw.smtp.intake import LONGEST_COMMAND
from cpmgw.smtp.interfaces import DeliverBy, Envelope, Recipient, Reply
from cpmgw.smtp.patience import LONGEST_WITHOUT_MAIL, MOST_COMMANDS
from tests.smtp.ports import ENVELOPE, NOW, PortCase


class CommandTests(PortCase):
    """One command, one reply."""

    def test_greeting(self) -> None:
        """220 and the name that it is told."""
        self.open()
        self.assertEqual(self.connect().lines, ["220 mm4.gateway.test ESMTP"])

    def test_ehlo(self) -> None:
        """EHLO announces what there is; AUTH and STARTTLS are not."""
        self.open(max_size=12345)
        self.assertEqual(
            self.greeted().send("EHLO again.test"),
            [
                "250-mm4.gateway.test",
                "250-SIZE 12345",
                "250-8BITMIME",
                "250-SMTPUTF8",
                "250-PIPELINING",
                "250 ENHANCEDSTATUSCODES",
            ],
        )

    def test_notifications(self) -> None:
        """DSN and DELIVERBY are announced by who honours them (RFC 3461 5.2).

        Parameters of DSN are borne all the same, as relays add them; BY is not.
        """
        dsn = ("MAIL FROM:<a> RET=HDRS ENVID=x", "RCPT TO:<b> NOTIFY=NEVER", "RSET")
        by = ("MAIL FROM:<a> BY=60;R",)
        for honours, code in ((False, "555"), (True, "250")):
            with self.subTest(honours=honours):
                self.setUp()
                self.open(honours_dsn=honours)
                talker = self.greeted()
                told = {line[4:] for line in talker.send("EHLO x")}
                self.assertEqual({"DSN", "DELIVERBY"} <= told, honours)
                self.assertEqual({"DSN", "DELIVERBY"} & told != set(), honours)
                self.assertEqual(talker.codes(*dsn), ["250", "250", "250"])
                self.assertEqual(talker.codes(*by), [code])

    def test_replies(self) -> None:
        """Each command has a reply, with an enhanced code (RFC 2034)."""
        self.open()
        talker = self.greeted()
        for command, reply in (
            ("HELO mmsc.test", "250 mm4.gateway.test"),
            ("NOOP", "250 2.0.0 "),
            ("noop some text", "250 2.0.0 "),
            ("RSET", "250 2.0.0 "),
            ("RSET now", "501 5.5.4 "),
            ("VRFY a", "252 2.1.5 "),
            ("VRFY", "501 5.5.4 "),
            ("EXPN a", "502 5.5.1 "),
            ("HELP", "214 2.0.0 "),
            ("AUTH PLAIN AA==", "500 5.5.2 "),
            ("BDAT 1", "500 5.5.2 "),
            ("UNKNOWN", "500 5.5.2 "),
            ("__init__", "500 5.5.2 "),
            ("", "500 5.5.2 "),
            ("NOOP \0", "500 5.5.2 "),
            ("EHLO", "501 5.5.4 "),
            ("STARTTLS", "502 5.5.1 "),
            ("MAIL", "501 5.5.4 "),
            ("MAIL FROM:<a b>", "501 5.1.7 "),
            ("MAIL FROM:<> X=1", "555 5.5.4 "),
        ):
            lines = talker.send(command)
            self.assertEqual(len(lines), 1, command)
            self.assertTrue(lines[0].startswith(reply), (command, lines))

    def test_quit(self) -> None:
        """QUIT closes the connection; with an argument it does not."""
        self.open()
        talker = self.greeted()
        self.assertEqual(talker.codes("QUIT now"), ["501"])
        self.assertIsNone(talker.lost)
        self.assertEqual(talker.codes("QUIT", "NOOP"), ["221"])
        self.assertIsNotNone(talker.lost)
        self.assertEqual(self.port.connections, 0)
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_order_of_commands(self) -> None:
        """What comes too early or again is refused with 503 (RFC 5321 4.1.4)."""
        self.open()
        talker = self.connect()
        talker.send("")
        self.assertEqual(talker.codes("MAIL FROM:<>"), ["503"])
        talker.send("HELO mmsc.test")
        self.assertEqual(talker.codes("RCPT TO:<a>", "DATA"), ["503", "503"])
        self.assertEqual(talker.codes("MAIL FROM:<>", "MAIL FROM:<>"), ["250", "503"])
        self.assertEqual(talker.codes("DATA", "RCPT TO:<a>"), ["554", "250"])
        self.assertEqual(talker.codes("DATA now"), ["501"])

    def test_begins_anew(self) -> None:
        """RSET, EHLO and HELO forget the mail."""
        self.open()
        talker = self.greeted()
        for command in ("RSET", "EHLO x", "HELO x"):
            talker.send("MAIL FROM:<>", "RCPT TO:<a>", command)
            self.assertEqual(talker.codes("DATA"), ["503"], command)

    def test_command_length(self) -> None:
        """A command may be that long; a longer one is refused, the next one is not."""
        self.open()
        talker = self.greeted()
        longest = "NOOP ".ljust(LONGEST_COMMAND, "x")
        self.assertEqual(talker.codes(longest, longest + "x"), ["250", "500"])
        self.assertEqual(talker.codes(longest * 10, "NOOP"), ["500", "250"])
        talker.write(longest.encode() * 2)
        self.network.settle()
        self.assertEqual(talker.lines, [])
        self.assertEqual(talker.codes("", "NOOP"), ["500", "250"])

    def test_errors(self) -> None:
        """So many commands may be wrong; the next one closes the connection."""
        self.open(errors_per_connection=2)
        talker = self.greeted()
        refused = ["X", "RSET now", "X"]
        self.assertEqual(talker.codes("NOOP", *refused), ["250", "500", "501", "421"])
        self.assertIsNotNone(talker.lost)

    def test_unknown_recipients(self) -> None:
        """Recipients that are refused are no errors: the others have their mail."""
        self.open(errors_per_connection=2)
        self.handler.refuses = _only("good", answers.NOT_FOR_YOU)
        talker = self.greeted()
        bad = [f"RCPT TO:<{each}>" for each in range(50)]
        codes = talker.codes("MAIL FROM:<good>", *bad, "RCPT TO:<good>", "DATA")
        self.assertEqual(codes, ["250", *["554"] * 50, "250", "354"])
        self.assertEqual(talker.codes("x", "."), ["250"])
        for _ in range(20):  # what follows from that is none either, when pipelined
            codes = talker.codes("MAIL FROM:<good>", *bad[:3], "DATA", "RSET")
            self.assertEqual(codes, ["250", *["554"] * 4, "250"])
            codes = talker.codes("MAIL FROM:<bad>", *bad[:3], "DATA")
            self.assertEqual(codes, ["554", *["503"] * 4])

    def test_most_recipients(self) -> None:
        """Recipients beyond the limit are for another mail (RFC 5321 4.5.3.1.10)."""
        self.open(recipients=3)
        talker = self.greeted()
        codes = talker.codes("MAIL FROM:<>", *["RCPT TO:<a>"] * 30)
        self.assertEqual(codes, ["250"] * 4 + ["452"] * 27)
        self.assertEqual(talker.codes("RCPT TO:<a>"), ["421"])
        self.assertIsNotNone(talker.lost)

    def test_most_commands(self) -> None:
        """Who talks and sends no mail is sent away; a mail begins the count anew."""
        self.open()
        for command in ("NOOP", "RSET", "EHLO x", "HELO x", "VRFY a", "HELP"):
            with self.subTest(command=command):
                talker = self.greeted()
                talker.send(*["NOOP"] * (MOST_COMMANDS - 3), *ENVELOPE, "x", ".")
                talker.send(*[command] * MOST_COMMANDS)
                self.assertIsNone(talker.lost)
                self.assertEqual(talker.codes(command), ["421"])
                self.assertIsNotNone(talker.lost)

    def test_longest_without_mail(self) -> None:
        """So is who says something now and then, but for its mails."""
        self.open(command_timeout=1_000.0)
        talker = self.greeted()
        for _ in range(2):
            for _ in range(4):
                self.network.advance(LONGEST_WITHOUT_MAIL / 4)
                self.assertEqual(talker.codes("NOOP"), ["250"])
            self.assertEqual(talker.codes(*ENVELOPE, ".")[-1], "250")
        for wait in (*[LONGEST_WITHOUT_MAIL / 5] * 5, 0.1):
            self.assertIsNone(talker.lost)
            self.network.advance(wait)
            talker.send("NOOP")
        self.assertIsNotNone(talker.lost)

    def test_a_mail_makes_good(self) -> None:
        """After a mail that was taken, errors are counted anew."""
        self.open(errors_per_connection=1)
        talker = self.greeted()
        codes = talker.codes("X", *ENVELOPE, ".", "X", "X")
        self.assertEqual(codes[-3:], ["250", "500", "421"])

    def test_silence(self) -> None:
        """A command has its time, counted from the one before."""
        self.open(command_timeout=30.0)
        talker = self.greeted()
        self.network.advance(29.0)
        talker.send("NOOP")
        talker.write(b"NO")
        self.network.advance(29.9)
        self.assertEqual((talker.lines, talker.lost), ([], None))
        self.network.advance(0.1)
        self.assertEqual(talker.lines, ["421 4.4.2 Waited in vain"])
        self.assertIsNotNone(talker.lost)

    def test_no_time_limit(self) -> None:
        """A time of 0 is none."""
        self.open(command_timeout=0.0, data_timeout=0.0)
        talker = self.greeted()
        self.network.advance(1e6)
        self.assertEqual(talker.codes(*ENVELOPE)[-1], "354")
        self.network.advance(1e6)
        self.assertEqual(talker.codes("."), ["250"])


class EnvelopeTests(PortCase):
    """What the handler sees and says."""

    def test_mail(self) -> None:
        """It gets the mail whole, with its envelope and when it came."""
        self.open(honours_dsn=True)
        talker = self.greeted()
        codes = talker.codes(
            "MAIL FROM:<+1555/TYPE=PLMN> SIZE=9 BODY=8BITMIME BY=60;R",
            "RCPT TO:<+15550100/TYPE=PLMN@us.test> NOTIFY=NEVER",
            "RCPT TO:<b@us.test>",
            "DATA",
            "..a",
            "",
            "é",
            ".",
        )
        self.assertEqual(codes, ["250", "250", "250", "354", "250"])
        (mail,) = self.handler.mails
        self.assertEqual(
            mail.envelope,
            Envelope(
                sender="+1555/TYPE=PLMN",
                recipients=(
                    Recipient(address="+15550100/TYPE=PLMN@us.test", notify=("NEVER",)),
                    Recipient(address="b@us.test"),
                ),
                size=9,
                body="8BITMIME",
                deliver_by=DeliverBy(60, "R"),
            ),
        )
        self.assertEqual((mail.peer.host, mail.peer.name), ("127.0.0.1", "mmsc.test"))
        self.assertEqual((mail.peer.is_secure, mail.received), (False, NOW))
        self.assertEqual(self.handler.contents, [".a\r\n\r\né\r\n".encode()])
        self.assert_nothing_kept()

    def test_asked_in_order(self) -> None:
        """It is asked at MAIL and at each RCPT, with those taken before."""
        self.open()
        self.greeted().send("MAIL FROM:<s>", "RCPT TO:<a>", "RCPT TO:<b>")
        seen = [
            (len(envelope.recipients), recipient and recipient.address)
            for _, envelope, recipient in self.handler.asked
        ]
        self.assertEqual(seen, [(0, None), (0, "a"), (1, "b")])

    def test_refusals(self) -> None:
        """It may refuse either; a recipient that is refused is not in the mail."""
        self.open()
        no = Reply(550, "Nobody", "5.1.1")
        self.handler.refuses = lambda address: no if address == "no" else None
        talker = self.greeted()
        self.assertEqual(talker.send("MAIL FROM:<no>"), ["550 5.1.1 Nobody"])
        self.assertEqual(talker.codes("RCPT TO:<a>"), ["503"])
        codes = talker.codes(
            "MAIL FROM:<a>", "RCPT TO:<no>", "RCPT TO:<b>", "DATA", "."
        )
        self.assertEqual(codes, ["250", "550", "250", "354", "250"])
        addresses = [each.address for each in self.handler.mails[0].envelope.recipients]
        self.assertEqual(addresses, ["b"])

    def test_handler_fails(self) -> None:
        """What it raises is logged, and the client may try again."""
        self.open()

        def fails(address: str) -> Reply | None:
            raise ValueError(address)

        self.handler.refuses = fails
        talker = self.greeted()
        self.assertEqual(talker.send("MAIL FROM:<a>")[0][:9], "451 4.3.0")
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_reply_stays_one_line(self) -> None:
        """A reply has no line ends, and 512 octets at the most (RFC 5321 4.5.3.1.5)."""
        self.open()
        self.handler.refuses = lambda _: Reply(550, "no\r\n250 yes é " + "x" * 600)
        (line,) = self.greeted().send("MAIL FROM:<a>")
        self.assertTrue(line.startswith("550 5.0.0 no 250 yes   xxx"), line)
        self.assertLessEqual(len(line) + 2, 512)

    def test_421_closes(self) -> None:
        """A handler may end it all."""
        self.open()
        self.handler.refuses = lambda _: Reply(421, "Going down", "4.3.2")
        talker = self.greeted()
        self.assertEqual(talker.codes("MAIL FROM:<a>", "NOOP"), ["421"])
        self.assertIsNotNone(talker.lost)

    def test_recipients(self) -> None:
        """A mail has so many recipients; the others are for another (4.5.3.1.10)."""
        self.open(recipients=2)
        talker = self.greeted()
        lines = talker.send("MAIL FROM:<a>", *(f"RCPT TO:<{n}>" for n in range(3)))
        self.assertEqual([line[:3] for line in lines], ["250", "250", "250", "452"])
        self.assertEqual(lines[-1][:9], "452 4.5.3")
        self.assertEqual(talker.codes("DATA", "."), ["354", "250"])
        self.assertEqual(len(self.handler.mails[0].envelope.recipients), 2)

    def test_mails(self) -> None:
        """A connection has so many mails; MAIL after that closes it."""
        self.open(mails_per_connection=2)
        talker = self.greeted()
        for _ in range(2):
            self.assertEqual(talker.codes(*ENVELOPE, ".")[-1], "250")
        self.assertEqual(talker.codes("NOOP", ENVELOPE[0]), ["250", "421"])
        self.assertEqual(len(self.handler.mails), 2)


class AnySlicesTests(PortCase):
    """Slices of octets do not matter."""

    OCTETS = (
        b"EHLO x\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<>\r\nDATA\r\n"
        b"..a\r\n.b\r\n\r\n.\r\nNOOP\rX\r\n"
        b"MAIL FROM:<> SIZE=99\r\nRCPT TO:<c>\r\nDATA\r\n"
        b"a\n.\nRSET\r\n.\r\n" + b"y" * 3000 + b"\r\nQUIT\r\n"
    )

    def replies(self, slices: list[bytes]) -> list[str]:
        """What a client gets that sends them."""
        self.network = type(self.network)()
        self.handler = type(self.handler)()
        self.open()
        talker = self.connect()
        for each in slices:
            talker.write(each)
            self.network.settle()
        self.assertIsNotNone(talker.lost)
        self.assertEqual(self.handler.contents, [b".a\r\nb\r\n\r\n"])
        return talker.lines

    @given(st.lists(st.integers(0, len(OCTETS)), max_size=40))
    def test_any_slices(self, cuts: list[int]) -> None:
        """Any partition of the same octets gives the same replies."""
        edges = [0, *sorted(cuts), len(self.OCTETS)]
        slices = [self.OCTETS[a:b] for a, b in pairwise(edges)]
        whole = self.replies([self.OCTETS])
        self.assertEqual([each[:3] for each in whole[7:]], self.CODES)
        self.assertEqual(self.replies(slices), whole)

    CODES = [
        *("250", "250", "501", "354", "250", "500", "250", "250", "354", "554"),
        *("500", "221"),
    ]


class RoomTests(PortCase):
    """Where there is no room."""

    def test_none_to_begin_with(self) -> None:
        """DATA is refused with 452 where nothing can be kept at all."""
        self.open()
        talker = self.greeted()
        self.patch(self.spool, "body", self.no_room)
        lines = talker.send(*ENVELOPE)
        self.assertEqual(lines[-1][:9], "452 4.3.1")
        self.assertEqual(talker.codes("MAIL FROM:<>"), ["503"])

    def no_room(self) -> Body:
        """What a spool says that is full."""
        raise NoRoom("too much is stored")

    def test_no_more(self) -> None:
        """A mail that does not fit any more is read to its end, and refused."""
        self.spool = Spool(self.mktemp(), SpoolLimits(storage=1000))
        self.open()
        talker = self.greeted()
        for size, code in ((900, "250"), (1100, "452"), (900, "250")):
            codes = talker.codes(*ENVELOPE, b"x" * (size - 2), ".")
            self.assertEqual(codes, ["250", "250", "354", code])
            self.assert_nothing_kept()

    def test_in_a_file(self) -> None:
        """A large mail goes to a file, which is gone after it."""
        limits = SpoolLimits(spill=1000)
        self.spool = Spool(self.mktemp(), limits)
        self.addCleanup(self.spool.close)
        self.open()
        talker = self.greeted()
        large = b"x" * 998 + b"\r\n"
        self.assertEqual(talker.codes(*ENVELOPE, large * 5, ".")[-1], "250")
        self.assertEqual(self.handler.contents, [large * 5 + b"\r\n"])
        self.assertEqual((len(self.spool), self.spool.files), (0, 0))


def _only(name: str, refusal: Reply) -> Callable[[str], Reply | None]:
    """Refuse everybody else."""
    return lambda address: None if address == name else refusal
