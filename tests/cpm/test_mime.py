"""Tests of cpmgw.cpm.mime."""

from __future__ import annotations

from email.message import EmailMessage

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.errors import MimeError
from cpmgw.cpm.mime import (
    MimeLimits,
    Part,
    body_of_type,
    parse_media_type,
    parse_part,
    part_spans,
    split_multipart,
    transfer_decoded,
)


class MediaTypeTests(SynchronousTestCase):
    """Content-Type values (RFC 2045 5.1)."""

    def test_parameters(self) -> None:
        """Names in lower case, values unquoted, blanks left out."""
        kind = parse_media_type('Text/Plain ; Charset = "UTF-8" ;format=flowed')
        self.assertEqual(kind.name, "text/plain")
        self.assertEqual(kind.main, "text")
        self.assertEqual(kind.parameter("charset"), "UTF-8")
        self.assertEqual(kind.parameter("format"), "flowed")
        self.assertEqual(kind.parameter("boundary"), "")

    def test_quoted(self) -> None:
        """Semicolons and escapes inside of quotes belong to the value."""
        kind = parse_media_type(r'multipart/mixed; boundary="a;b\"c=\\"; x=y')
        self.assertEqual(kind.parameter("boundary"), 'a;b"c=\\')
        self.assertEqual(kind.parameter("x"), "y")

    def test_odd(self) -> None:
        """Comments, repeats, missing values and broken quotes do no harm."""
        self.assertEqual(parse_media_type("text/plain (comment)").name, "text/plain")
        kind = parse_media_type('a/b; c=d (e); c=f; g; h="i')
        self.assertEqual(dict(kind.parameters), {"c": "d", "h": "i"})
        self.assertEqual(parse_media_type("").name, "")

    def test_long(self) -> None:
        """Of more than 512 characters only what tells parts apart is read."""
        value = 'text/plain; charset=utf-8; y=z; boundary="b;c"; start=<a>;x="'
        kept = parse_media_type(value.ljust(511, "x") + '"')
        self.assertEqual(kept.parameter("y"), "z")
        for length in (512, 8_191):
            long = parse_media_type(value.ljust(length, "x") + '"')
            self.assertEqual(
                (long.name, dict(long.parameters)),
                ("text/plain", {"charset": "utf-8", "boundary": "b;c", "start": "<a>"}),
            )
        lost = parse_media_type(value.ljust(8_192, "x") + '"')
        self.assertEqual((lost.name, dict(lost.parameters)), ("text/plain", {}))
        for length, wanted in ((200, "b" * 200), (201, "")):
            kind = f"a/b; boundary={'b' * length}; x={'x' * 600}"
            self.assertEqual(parse_media_type(kind).parameter("boundary"), wanted)

    def test_sections(self) -> None:
        """A parameter in sections is put together, if all are there (RFC 2231 3)."""
        kind = parse_media_type('a/b; Boundary*1="; c"; boundary*0=a; x=y')
        self.assertEqual(dict(kind.parameters), {"boundary": "a; c", "x": "y"})
        for text in ("b*0=a; b*2=c", "b*1=a", "b=x; b*0=a", "b*=utf-8''x", "*0=a"):
            kind = parse_media_type(f"a/b; {text}")
            self.assertEqual(kind.parameter("b"), "x" if "b=x" in text else "")
            self.assertEqual(len(kind.parameters), text.count("="))

    @settings(deadline=None, max_examples=100)
    @given(st.text(max_size=60))
    def test_any_text(self, text: str) -> None:
        """Any value is read."""
        parse_media_type(text)
        parse_media_type("a/b;" + text)


class TransferTests(SynchronousTestCase):
    """Content-Transfer-Encoding (RFC 2045 6)."""

    def test_encodings(self) -> None:
        """Identity encodings, base64 and quoted-printable, in any case."""
        for name in ("", "7bit", "8BIT", " binary "):
            self.assertEqual(transfer_decoded(b"=41", name), b"=41")
        self.assertEqual(transfer_decoded(b"SGVs\r\nbG8=\r\n", "Base64"), b"Hello")
        self.assertEqual(
            transfer_decoded(b"Gr=C3=BC=\r\n=C3=9Fe", "quoted-printable"),
            "Grüße".encode(),
        )

    def test_refused(self) -> None:
        """Unknown encodings and broken base64 are refused."""
        self.assertRaises(MimeError, transfer_decoded, b"x", "x-uuencode")
        self.assertRaises(MimeError, transfer_decoded, b"SGVsb", "base64")


class PartTests(SynchronousTestCase):
    """One body part (RFC 2046 5.1)."""

    def test_headers_and_body(self) -> None:
        """Fields are unfolded, the body is kept to the octet."""
        part = parse_part(b"Content-Type: a/b;\r\n c=d\r\nX:y\r\n\r\n\r\nbody\r\n")
        self.assertEqual(part.headers, (("Content-Type", "a/b; c=d"), ("X", "y")))
        self.assertEqual(part.body, b"\r\nbody\r\n")
        self.assertEqual(part.media_type.parameter("c"), "d")
        self.assertEqual(part.get("x"), "y")
        self.assertEqual(part.disposition, "")

    def test_without_headers(self) -> None:
        """An empty line first: text/plain (RFC 2046 5.1)."""
        for octets in (b"\r\nbody", b"\nbody", b"body"):
            part = parse_part(octets)
            self.assertEqual((part.headers, part.body), ((), b"body"))
            self.assertEqual(part.media_type.name, "text/plain")

    def test_without_body(self) -> None:
        """Header fields alone have an empty body."""
        for octets in (b"X: y", b"X: y\r\n", b"X: y\r\n\r\n"):
            self.assertEqual(parse_part(octets), Part((("X", "y"),), b""))

    def test_odd_lines(self) -> None:
        """A line without a colon, after a field, is passed over, folded or not."""
        part = parse_part(b"X: y\r\nodd\r\n more: z\r\nA: b\r\n c\r\n\r\nbody")
        self.assertEqual(part, Part((("X", "y"), ("A", "b c")), b"body"))

    def test_limits(self) -> None:
        """The limits of header fields and of their octets are kept."""
        limits = MimeLimits(max_headers=2, max_header_block=22)
        parse_part(b"a: b\r\nc: d\r\n\r\n", limits)
        self.assertRaises(
            MimeError, parse_part, b"a: b\r\nc: d\r\ne: f\r\n\r\n", limits
        )
        parse_part(b"a: " + b"b" * 16 + b"\r\n\r\n" + b"x" * 100, limits)
        long = b"a: " + b"b" * 17 + b"\r\n\r\n"
        self.assertRaises(MimeError, parse_part, long, limits)


class MultipartTests(SynchronousTestCase):
    """multipart/* (RFC 2046 5.1.1)."""

    def bodies(self, octets: bytes, boundary: str = "b") -> list[bytes]:
        """The bodies of the parts."""
        return [part.body for part in split_multipart(octets, boundary)]

    def test_parts(self) -> None:
        """Preamble and epilogue are left out, line ends before delimiters too."""
        octets = (
            b"preamble\r\n--b\r\n\r\none\r\n\r\n--b  \r\n\r\n--bx\r\n--b--\r\n--b\r\nz"
        )
        self.assertEqual(self.bodies(octets), [b"one\r\n", b"--bx"])

    def test_bare_lf(self) -> None:
        """Lines may end in LF."""
        self.assertEqual(
            self.bodies(b"--b\n\none\n--b\n\ntwo\n--b--"), [b"one", b"two"]
        )

    def test_not_closed(self) -> None:
        """The close delimiter may be missing."""
        self.assertEqual(
            self.bodies(b"--b\r\n\r\none\r\n--b\r\n\r\ntwo"), [b"one", b"two"]
        )
        self.assertEqual(self.bodies(b"--b\r\n\r\none\r\n--b\r\n"), [b"one"])

    def test_spans(self) -> None:
        """Parts between two places are found there only, and whether one was cut."""
        octets = b"--b\r\n--b\r\nX: y\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--"
        found = part_spans(octets, "b", start=5, stop=len(octets) - 7)
        self.assertEqual([octets[e.start : e.end] for e in found], [b"one", b"two"])
        self.assertEqual([each.cut for each in found], [False, True])
        self.assertEqual(found[0].headers, (("X", "y"),))
        whole = part_spans(octets, "b", start=5)
        self.assertEqual([each.cut for each in whole], [False, False])
        self.assertRaises(MimeError, part_spans, octets, "b", start=len(octets) - 3)

    def test_delimiter_inside_a_line(self) -> None:
        """A delimiter counts at the beginning of a line only."""
        self.assertEqual(self.bodies(b"--b\r\n\r\nx--b\r\n--b--"), [b"x--b"])

    def test_refused(self) -> None:
        """No boundary, or none of its delimiters."""
        for boundary in ("", "c", "x" * 201):
            self.assertRaises(MimeError, split_multipart, b"--b\r\n\r\nx", boundary)

    def test_limit(self) -> None:
        """The limit of parts is kept, closed or not."""
        for end in (b"--b--", b""):
            octets = b"--b\r\n\r\nx\r\n" * 3 + end
            self.assertEqual(
                len(split_multipart(octets, "b", MimeLimits(max_parts=3))), 3
            )
            self.assertRaises(
                MimeError, split_multipart, octets, "b", MimeLimits(max_parts=2)
            )

    def test_many_delimiters_in_a_line(self) -> None:
        """A long line of delimiters takes no longer than reading it."""
        octets = b"--b\r\n\r\n" + b"--b" * 300_000
        self.assertEqual(len(self.bodies(octets)), 1)

    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.binary(max_size=80), min_size=1, max_size=5))
    def test_as_the_standard_library(self, bodies: list[bytes]) -> None:
        """What the standard library writes is read as the same parts."""
        message = EmailMessage()
        message.make_mixed()
        for body in bodies:
            message.add_attachment(body, maintype="application", subtype="x")
        octets = message.as_bytes()
        parts = split_multipart(octets, message.get_boundary() or "")
        self.assertEqual([part.decoded() for part in parts], bodies)

    @settings(deadline=None, max_examples=100)
    @given(st.binary(max_size=200))
    def test_any_octets(self, octets: bytes) -> None:
        """Any octets are parts or refused."""
        try:
            split_multipart(b"--b\r\n" + octets, "b")
        except MimeError:
            return


class BodyOfTypeTests(SynchronousTestCase):
    """The octets of one media type."""

    def test_alone(self) -> None:
        """A body of that type is it, whatever its parameters."""
        self.assertEqual(body_of_type("A/B; c=d", b"x", "a/b"), b"x")

    def test_in_a_multipart(self) -> None:
        """Of a multipart the first part of that type, decoded."""
        body = (
            b"--f\r\nContent-Type: a/c\r\n\r\nno\r\n"
            b"--f\r\nContent-Type: a/b\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\neA==\r\n"
            b"--f\r\nContent-Type: a/b\r\n\r\ny\r\n--f--\r\n"
        )
        mixed = "multipart/mixed; boundary=f"
        self.assertEqual(body_of_type(mixed, body, "a/b"), b"x")
        self.assertIsNone(body_of_type(mixed, body, "a/d"))

    def test_nowhere(self) -> None:
        """Another body has none; a multipart that is broken is a MimeError."""
        self.assertIsNone(body_of_type("a/c", b"x", "a/b"))
        self.assertIsNone(body_of_type("", b"", "a/b"))
        self.assertRaises(MimeError, body_of_type, "multipart/mixed", b"x", "a/b")
