"""The certificates of TLS listeners."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import crypto
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.listeners import _certificates
from tests.txsmpp.test_tls import certificate


class Chains(SynchronousTestCase):
    def test_certificates(self) -> None:
        """A chain has as many certificates as its file."""
        folder = Path(self.mktemp())
        folder.mkdir()
        shown = [certificate(folder, f"{number}.test")[0] for number in range(3)]
        octets = b"\n".join(Path(each).read_bytes() for each in shown)
        self.assertEqual(len(_certificates(octets)), 3)
        self.assertRaises(crypto.Error, _certificates, b"none")
