"""A small mail in memory as a body (cpmgw.bodies)."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from cpmgw.bodies.errors import NoRoom
from cpmgw.bodies.interfaces import IBody
from cpmgw.iwf.mail.octets import Octets


class AsABody(SynchronousTestCase):
    def test_read(self) -> None:
        """It is read whole, or in pieces of the size asked for, as often as wanted."""
        body = Octets(b"abcde")
        verifyObject(IBody, body)
        self.assertEqual((body.size, body.path), (5, None))
        for _ in range(2):
            self.assertEqual(list(body.pieces(2)), [b"ab", b"cd", b"e"])
            self.assertEqual(body.read(), b"abcde")
            body.close()

    def test_move(self) -> None:
        """It becomes a file; NoRoom where it cannot."""
        target = Path(self.mktemp())
        Octets(b"abcde").move(target)
        self.assertEqual(target.read_bytes(), b"abcde")
        self.assertRaises(NoRoom, Octets(b"x").move, target / "below")
