"""Mail that takes long, and all the other mail (decision 0022)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from cpmgw.iwf.mail.inbox import Done
from cpmgw.iwf.mail.shares import MOST_OF_ONE
from cpmgw.mail_records import InboxMail
from tests.iwf.mail import test_inbox
from tests.iwf.mail.test_inbox import mail


class Fairness(test_inbox.Case):
    def setUp(self) -> None:
        super().setUp()
        self.settings = msgspec.structs.replace(
            self.settings, together=8, octets=100_000, storage=10**10
        )
        self.held = []
        self.inbox.start()

    def large(self, number: int, **changes: Any) -> InboxMail:
        """Have a large mail be there."""
        path = Path(self.mktemp())
        path.write_bytes(b"large")
        kept = mail(number, path=path, size=90_000_000, **changes)
        self.box.open[kept.key] = kept
        return kept

    def test_large_ones_apart(self) -> None:
        """Large mails that take long leave room for small ones, and the other way."""
        for number in range(1, 11):
            self.large(number)
        self.inbox.sweep()
        self.assertEqual(self.keys(), [1, 2])
        for number in range(11, 21):
            self.take(mail(number))
        self.assertEqual(self.keys()[2:], list(range(11, 19)))
        assert self.held is not None
        self.held[0].callback(Done())
        self.assertEqual(self.keys()[10:], [3])

    def test_one_recipient(self) -> None:
        """Nobody has more than a quarter; the others do not wait for him."""
        for number in range(1, 10):
            self.take(mail(number, recipients=("silent@d",)))
        for number in range(10, 16):
            self.take(mail(number))
        self.assertEqual(self.keys(), [1, 2, *range(10, 16)])
        assert self.held is not None
        self.held[0].callback(Done())
        self.assertEqual(self.keys()[8:], [3])

    def test_one_of_several_relays(self) -> None:
        """Of several relays none has more than three quarters."""
        self.settings = msgspec.structs.replace(self.settings, peers=2)
        for number in range(1, 10):
            self.take(mail(number, peer="one"))
        self.take(mail(30, peer="two"))
        self.assertEqual(self.keys(), [*range(1, 7), 30])

    def test_the_only_relay(self) -> None:
        """One alone has all of it."""
        for number in range(1, 10):
            self.take(mail(number, peer="one"))
        self.assertEqual(self.keys(), list(range(1, 9)))

    def test_more_than_can_wait(self) -> None:
        """However many wait for one recipient, they come in turn, and all of them."""
        for number in range(1, 2 * MOST_OF_ONE + 10):
            self.take(mail(number, recipients=("silent@d",)))
        self.take(mail(9_999))
        self.assertEqual(self.keys(), [1, 2, 9_999])
        assert self.held is not None
        while any(not each.called for each in self.held):
            next(e for e in self.held if not e.called).callback(Done())
        expected = list(range(3, 2 * MOST_OF_ONE + 10))
        self.assertEqual(self.keys()[3:], expected)
        self.assertEqual(self.box.open, {})
