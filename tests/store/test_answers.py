"""Answers for repeated requests."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.store import answers
from tests.store.values import answer, cursor


class Answers(SynchronousTestCase):
    def setUp(self) -> None:
        self.db = cursor()

    def test_come_back_whole(self) -> None:
        """An answer comes back as it was given, headers in order."""
        answers.keep(self.db, answer())
        self.assertEqual([answer()], answers.live(self.db, 50.0))

    def test_expired_do_not(self) -> None:
        """An answer is given up to its time and not at it."""
        answers.keep(self.db, answer(expires=100.0))
        self.assertEqual(1, len(answers.live(self.db, 99.9)))
        self.assertEqual([], answers.live(self.db, 100.0))

    def test_the_last_of_a_key_counts(self) -> None:
        """An answer given later takes the place of the earlier one."""
        answers.keep(self.db, answer(b"a", 202))
        answers.keep(self.db, answer(b"b", 202))
        answers.keep(self.db, answer(b"a", 200))
        found = {each.key: each.status for each in answers.live(self.db, 0.0)}
        self.assertEqual({b"a": 200, b"b": 202}, found)

    def test_sweep(self) -> None:
        """A sweep drops what has expired, no more than it is told."""
        for number in range(5):
            answers.keep(self.db, answer(b"%d" % number, expires=number))
        self.assertEqual(2, answers.sweep(self.db, 3.0, 2))
        self.assertEqual(2, answers.sweep(self.db, 3.0, 5))
        self.assertEqual([answer(b"4", expires=4)], answers.live(self.db, 0.0))
