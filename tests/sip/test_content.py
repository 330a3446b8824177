"""Content-Encoding is undone with a limit (RFC 3261 7.4.1, 8.2.3, 20.12)."""

from __future__ import annotations

import gzip
import zlib

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.content import ACCEPT_ENCODING, inflated_body
from cpmgw.sip.errors import SipSyntaxError
from tests.sip.test_message import sample

TEXT = b"Hello, hello, hello. " * 20


def bare(octets: bytes) -> bytes:
    """RFC 1951 data without RFC 1950's wrapper."""
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(octets) + machine.flush()


class InflatedBodyTests(SynchronousTestCase):
    def read(self, body: bytes, coding: str, limit: int = 10_000) -> bytes:
        message = sample(Content_Encoding=coding).replace(body=body)
        return inflated_body(message, limit)

    def refused(self, body: bytes, coding: str, limit: int = 10_000) -> SipSyntaxError:
        error = self.assertRaises(SipSyntaxError, self.read, body, coding, limit)
        assert isinstance(error, SipSyntaxError)
        return error

    def test_codings(self) -> None:
        """deflate with and without its wrapper, gzip, identity, two in a row."""
        packed = zlib.compress(TEXT)
        for body, coding in (
            (packed, "deflate"),
            (packed, "DEFLATE"),
            (packed, "identity, deflate"),
            (bare(TEXT), "deflate"),
            (gzip.compress(TEXT), "gzip"),
            (gzip.compress(packed), "deflate, gzip"),
            (TEXT, "identity"),
            (TEXT, ""),
        ):
            self.assertEqual(self.read(body, coding), TEXT, coding)

    def test_no_coding(self) -> None:
        """A plain body is given as it is, up to the limit."""
        message = sample().replace(body=TEXT)
        self.assertEqual(inflated_body(message, len(TEXT)), TEXT)
        error = self.assertRaises(SipSyntaxError, inflated_body, message, len(TEXT) - 1)
        assert isinstance(error, SipSyntaxError)
        self.assertEqual(error.status, 413)

    def test_unknown_coding(self) -> None:
        """415 with what we accept (RFC 3261 8.2.3); so is a pile of codings."""
        for coding in ("br", "deflate, br", "gzip, gzip, gzip"):
            error = self.refused(TEXT, coding)
            self.assertEqual(error.status, 415)
            self.assertEqual(error.headers, (("Accept-Encoding", ACCEPT_ENCODING),))

    def test_bomb(self) -> None:
        """413 as soon as the limit is passed: at it, one past it, far past it."""
        for pack in (zlib.compress, bare, gzip.compress):
            self.assertEqual(len(self.read(pack(b"x" * 100), "deflate", 100)), 100)
            self.assertEqual(self.refused(pack(b"x" * 101), "gzip", 100).status, 413)
            self.assertEqual(self.refused(pack(bytes(10**7)), "gzip", 100).status, 413)

    def test_broken_data(self) -> None:
        """400 for what is no such data, is cut short, or goes on."""
        packed = zlib.compress(TEXT)
        for body in (b"", b"nonsense", packed[:-1], packed + b"x"):
            self.assertEqual(self.refused(body, "deflate").status, 400)
