"""The reply to a mail, and the commands that wait for it (RFC 2920, RFC 5321 4.2.5)."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail

from cpmgw.smtp import patience
from cpmgw.smtp.intake import MOST_HELD
from cpmgw.smtp.interfaces import Reply
from tests.smtp.ports import ENVELOPE, TAKEN, PortCase

BUSY = Reply(451, "Later", "4.3.0")


class ReplyTests(PortCase):
    """The reply to a mail, and what waits for it."""

    def test_pipelined_commands_wait(self) -> None:
        """Replies keep the order of commands while a mail is handled (RFC 2920 3.2)."""
        self.open()
        reply = self.waiting()
        talker = self.greeted()
        codes = talker.codes(*ENVELOPE, ".", "NOOP", *ENVELOPE, ".", "QUIT")
        self.assertEqual(codes, ["250", "250", "354"])
        self.assertEqual(len(self.handler.asked), 2)
        self.handler.answer = Deferred
        reply.callback(TAKEN)
        self.network.settle()
        codes = [line[:3] for line in talker.lines]
        self.assertEqual(codes, ["250", "250", "250", "250", "354"])
        self.assertEqual(len(self.handler.mails), 2)

    def test_input_is_held_back(self) -> None:
        """While a mail is handled little more is read: the client has to wait."""
        self.open()
        reply = self.waiting()
        talker = self.greeted()
        talker.send(*ENVELOPE, ".")
        transport: Any = talker.transport
        talker.write(b"NOOP\r\n".ljust(MOST_HELD - 1, b"x"))
        self.network.settle()
        talker.write(b"x")
        self.network.settle()
        self.assertEqual(transport._queued, 0)
        talker.write(b"\r\nNOOP\r\n")
        self.network.settle()
        self.assertEqual(transport._queued, len(b"\r\nNOOP\r\n"))
        self.assertEqual(talker.lines, [])
        reply.callback(TAKEN)
        self.network.settle()
        self.assertEqual(
            [each[:3] for each in talker.lines], ["250", "250", "500", "250"]
        )

    def test_replies_not_fetched(self) -> None:
        """Who does not read replies is not served until it does."""
        self.patch(patience, "MOST_COMMANDS", 1_000_000)
        self.open(command_timeout=60.0)
        talker = self.greeted()
        transport: Any = talker.transport
        transport.pauseProducing()
        for _ in range(100):
            talker.write(b"HELP\r\n" * 1000)
            self.network.settle()
        self.assertGreater(transport._queued, 0)
        transport.resumeProducing()
        self.network.settle()
        self.assertEqual(len(talker.lines), 100 * 1000)

    def test_replies_never_fetched(self) -> None:
        """Who never does is cut off in the end."""
        self.patch(patience, "MOST_COMMANDS", 1_000_000)
        self.open(command_timeout=60.0)
        talker = self.greeted()
        transport: Any = talker.transport
        transport.pauseProducing()
        for _ in range(100):
            talker.write(b"HELP\r\n" * 1000)
            self.network.settle()
        self.network.advance(63.0)
        self.assertEqual(self.port.connections, 0)

    def test_many_in_one_piece(self) -> None:
        """Thousands of mails at once are handled one after the other."""
        self.open()
        talker = self.greeted()
        one = b"MAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n.\r\n"
        talker.write(one * 3000)
        self.network.settle()
        self.assertEqual(len(talker.lines), 4 * 3000)
        self.assertEqual(len(self.handler.mails), 3000)

    def test_refused_mail(self) -> None:
        """What the handler says goes to the client, and its body is closed."""
        self.open()
        reply = self.waiting()
        talker = self.greeted()
        talker.send(*ENVELOPE, "a", ".")
        reply.callback(BUSY)
        self.network.settle()
        self.assertEqual(talker.lines, ["451 4.3.0 Later"])
        self.assertEqual(talker.codes(*ENVELOPE)[-1], "354")

    def test_bodies_the_handler_forgot(self) -> None:
        """The body of a mail that was not taken is closed in any case."""
        for failing in (lambda: fail(ValueError()), self.raises):
            self.open()
            self.handler.mail = lambda mail, failing=failing: failing()  # type: ignore
            talker = self.greeted()
            self.assertEqual(talker.send(*ENVELOPE, "a", ".")[-1][:9], "451 4.3.0")
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
            self.assert_nothing_kept()
            self.network.result_of(self.port.stopService())

    def raises(self) -> None:
        """Fail at once."""
        raise ValueError

    def test_connection_lost_meanwhile(self) -> None:
        """A mail that came whole is handled though its client has gone."""
        self.open()
        reply = self.waiting()
        talker = self.greeted()
        talker.send(*ENVELOPE, ".")
        self.network.cut("127.0.0.1", 2525)
        self.network.settle()
        self.assertEqual((self.port.connections, len(self.handler.mails)), (0, 1))
        reply.callback(TAKEN)
        self.network.settle()
        self.assertEqual(self.network.getDelayedCalls(), [])

    def test_no_reply_in_time(self) -> None:
        """A handler that says nothing within ten minutes loses the client."""
        self.open()
        reply = self.waiting()
        talker = self.greeted()
        talker.send(*ENVELOPE, ".")
        self.network.advance(599.9)
        self.assertEqual(talker.lines, [])
        self.network.advance(0.1)
        self.assertEqual([line[:3] for line in talker.lines], ["421"])
        reply.callback(TAKEN)
        self.network.settle()
        self.assertEqual(talker.lines, [])

    def test_command_timeout_after_reply(self) -> None:
        """After the reply commands have their time again."""
        self.open(command_timeout=5.0, data_timeout=50.0)
        talker = self.greeted()
        talker.send(*ENVELOPE)
        self.network.advance(49.0)
        self.assertEqual(talker.codes("."), ["250"])
        self.network.advance(5.0)
        self.assertEqual([line[:3] for line in talker.lines], ["421"])
