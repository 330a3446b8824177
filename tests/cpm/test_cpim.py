"""Tests of cpmgw.cpm.cpim."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.cpim import CpimLimits, CpimMessage, parse_cpim
from cpmgw.cpm.errors import CpimError

# The pager mode message of conversation TS 7.2.1.3.
TYPICAL = (
    b"From: <tel:+15145550001>\r\n"
    b"To: <tel:+15145550002>\r\n"
    b"DateTime: 2026-01-01T12:00:00Z\r\n"
    b"NS: imdn <urn:ietf:params:imdn>\r\n"
    b"imdn.Message-ID: 34jk324j\r\n"
    b"imdn.Disposition-Notification: positive-delivery, display, interworking\r\n"
    b"\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"Hello"
)


class ReadTests(SynchronousTestCase):
    """Reading what the RFC asks for (RFC 3862 2 and 3)."""

    def test_typical(self) -> None:
        """Message headers, content headers and content stand one after the other."""
        message = parse_cpim(TYPICAL)
        self.assertEqual(message.get("From"), "<tel:+15145550001>")
        self.assertEqual(message.get("datetime"), "2026-01-01T12:00:00Z")
        self.assertEqual(message.content_type, "text/plain; charset=utf-8")
        self.assertEqual(message.content, b"Hello")
        self.assertEqual(message.imdn("Message-ID"), "34jk324j")

    def test_content_with_empty_lines(self) -> None:
        """The content is kept to the octet, whatever it looks like."""
        content = b"\r\n\r\nFrom: x\r\n\0\xff\n\n"
        head = TYPICAL[: -len(b"Hello")]
        self.assertEqual(parse_cpim(head + content).content, content)

    def test_no_content_headers(self) -> None:
        """Content without headers is text/plain (RFC 2045 5.2)."""
        message = parse_cpim(b"From: <im:a@x>\r\n\r\n\r\nHello")
        self.assertEqual(message.content_headers, ())
        self.assertEqual(message.content_type, "text/plain")
        self.assertEqual(message.content, b"Hello")

    def test_repeated_header(self) -> None:
        """cc may stand there several times; all of them are given, in order (4.3)."""
        message = parse_cpim(b"cc: <im:a@x>\r\ncc: <im:b@x>\r\n\r\n\r\n")
        self.assertEqual(message.all("cc"), ["<im:a@x>", "<im:b@x>"])

    def test_parameters(self) -> None:
        """A header's parameters stay with its name (3.6)."""
        message = parse_cpim(b"Subject:;lang=fr Objet\r\n\r\n\r\n")
        self.assertEqual(message.headers, (("Subject;lang=fr", "Objet"),))
        self.assertEqual(message.get("Subject"), "Objet")

    def test_subject(self) -> None:
        """Escapes of a Subject are undone for its reader (3.6)."""
        message = parse_cpim(rb"Subject: a\nb \\ \u20ac" + b"\r\n\r\n\r\n")
        self.assertEqual(message.subject, "a\nb \\ €")

    def test_missing(self) -> None:
        """What is not there is None, or empty."""
        message = parse_cpim(TYPICAL)
        self.assertIsNone(message.get("cc"))
        self.assertEqual(message.subject, "")
        self.assertEqual(message.content_header("Content-ID"), "")


class NamespaceTests(SynchronousTestCase):
    """NS and prefixed headers (RFC 3862 3.4, 4.7)."""

    def imdn(self, *lines: str) -> str | None:
        """The Message-ID of a message with these headers."""
        data = "\r\n".join(("From: <im:a@x>", *lines, "", "", ""))
        return parse_cpim(data.encode()).imdn("Message-ID")

    def test_other_prefix(self) -> None:
        """The URN decides, not the prefix."""
        ns = "NS: d <urn:ietf:params:imdn>"
        self.assertEqual(self.imdn(ns, "d.Message-ID: 1"), "1")

    def test_default_namespace(self) -> None:
        """NS without a prefix binds headers without one (4.7)."""
        ns = "NS: <urn:ietf:params:imdn>"
        self.assertEqual(self.imdn(ns, "Message-ID: 1"), "1")

    def test_bound_elsewhere(self) -> None:
        """The prefix imdn of another namespace is not ours."""
        ns = "NS: imdn <urn:example:other>"
        self.assertIsNone(self.imdn(ns, "imdn.Message-ID: 1"))

    def test_unbound(self) -> None:
        """The customary prefix is taken for granted."""
        self.assertEqual(self.imdn("imdn.Message-ID: 1"), "1")

    def test_unprefixed_is_not_imdn(self) -> None:
        """A bare Message-ID means nothing without a default namespace."""
        self.assertIsNone(self.imdn("Message-ID: 1"))

    def test_require(self) -> None:
        """Require names headers to be understood; IMDN's and the core's are (4.8)."""
        data = (
            b"From: <im:a@x>\r\nNS: i <urn:ietf:params:imdn>\r\nNS: s <urn:x:secret>"
            b"\r\nRequire: i.Message-ID, Subject, s.Key,Odd\r\n\r\n\r\n"
        )
        self.assertEqual(parse_cpim(data).not_understood(), ("s.Key", "Odd"))
        self.assertEqual(parse_cpim(TYPICAL).not_understood(), ())


class TolerantTests(SynchronousTestCase):
    """What real handsets write."""

    def assertHello(self, data: bytes) -> CpimMessage:
        """The message says Hello as text/plain and has its IMDN headers."""
        message = parse_cpim(data)
        self.assertEqual(message.content, b"Hello")
        self.assertTrue(message.content_type.startswith("text/plain"))
        self.assertEqual(message.imdn("Message-ID"), "34jk324j")
        self.assertTrue(message.imdn("Disposition-Notification"))
        return message

    def test_ns_without_space(self) -> None:
        """`NS: imdn<urn:ietf:params:imdn>` binds the prefix."""
        self.assertHello(TYPICAL.replace(b"imdn <urn", b"imdn<urn"))
        self.assertHello(
            TYPICAL.replace(b"imdn <urn", b"x<urn").replace(b"imdn.", b"x.")
        )

    def test_ns_without_brackets(self) -> None:
        """The brackets of NS may be missing."""
        data = TYPICAL.replace(b"<urn:ietf:params:imdn>", b" urn:ietf:params:imdn")
        self.assertHello(data.replace(b"NS: imdn", b"NS: y").replace(b"imdn.", b"y."))

    def test_no_space_after_colon(self) -> None:
        """`From:<...>` is read as `From: <...>`."""
        message = self.assertHello(TYPICAL.replace(b": ", b":"))
        self.assertEqual(message.get("From"), "<tel:+15145550001>")

    def test_bare_lf(self) -> None:
        """Lines may end in LF."""
        self.assertHello(TYPICAL.replace(b"\r\n", b"\n"))

    def test_missing_blank_line(self) -> None:
        """Content headers may follow the message headers at once."""
        message = self.assertHello(TYPICAL.replace(b"\r\n\r\nContent", b"\r\nContent"))
        self.assertNotIn("Content-Type", dict(message.headers))

    def test_missing_content_headers(self) -> None:
        """Content without headers may stand there without its empty line."""
        head, _, _ = TYPICAL.partition(b"\r\nContent-Type")
        self.assertHello(head + b"\r\nHello")

    def test_text_that_looks_like_a_header(self) -> None:
        """Without Content-* it is content, though it has a colon."""
        message = parse_cpim(b"From: <im:a@x>\r\n\r\nhttps://x.example/\r\n\r\nbye")
        self.assertEqual(message.content, b"https://x.example/\r\n\r\nbye")

    def test_mime_version(self) -> None:
        """MIME-Version may stand among the headers of the content, or before them."""
        self.assertHello(TYPICAL.replace(b"Content", b"MIME-Version: 1.0\r\nContent"))
        self.assertHello(TYPICAL.replace(b"To:", b"MIME-Version: 1.0\r\nTo:"))

    def test_wrapper_repeated(self) -> None:
        """The outer Content-Type may be repeated, with or without an empty line."""
        for end in (b"\r\n", b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"):
            self.assertHello(b"Content-Type: Message/CPIM" + end + TYPICAL)

    def test_empty_lines_first(self) -> None:
        """Empty lines before the first header are skipped, 64 octets of them."""
        self.assertHello(b"\r\n" * 32 + TYPICAL)
        self.assertRaises(CpimError, parse_cpim, b"\r\n" * 33 + TYPICAL)

    def test_other_case(self) -> None:
        """Names are found in any case."""
        message = self.assertHello(
            TYPICAL.replace(b"imdn.Message-ID", b"IMDN.message-id")
            .replace(b"NS: imdn", b"ns: IMDN")
            .replace(b"Content-Type", b"content-type")
        )
        self.assertEqual(message.content_type, "text/plain; charset=utf-8")

    def test_folded(self) -> None:
        """Folded lines are joined, though RFC 3862 knows no folding."""
        self.assertHello(TYPICAL.replace(b", display", b",\r\n display"))
        self.assertHello(TYPICAL.replace(b"; charset", b";\r\n\tcharset"))

    def test_not_utf8(self) -> None:
        """A header that is no UTF-8 spoils nothing else."""
        self.assertHello(TYPICAL.replace(b"To:", b"Subject: \xe9t\xe9\r\nTo:"))

    def test_datetime_with_microseconds(self) -> None:
        """DateTime is kept as it came."""
        data = TYPICAL.replace(b"12:00:00Z", b"12:00:00.123456+00:00")
        self.assertEqual(
            parse_cpim(data).get("DateTime"), "2026-01-01T12:00:00.123456+00:00"
        )


class RefusedTests(SynchronousTestCase):
    """What is no message/cpim, and the limits."""

    def test_no_cpim(self) -> None:
        """Octets without any CPIM header are answered 400."""
        for data in (
            b"",
            b"\r\n\r\n",
            b"Hello",
            b"Hello: world\r\n\r\nx",
            b"{}\r\n",
            b": x\r\n\r\n",
            b"From: <im:a@x>\r\nno colon\r\n\r\n",
            b"Two words: x\r\nFrom: <im:a@x>\r\n\r\n",
            b"Content-Type: message/cpim\r\n\r\n",
        ):
            error = self.assertRaises(CpimError, parse_cpim, data)
            self.assertEqual(error.status, 400)

    def test_size(self) -> None:
        """The limit of the whole is kept to the octet."""
        parse_cpim(TYPICAL, CpimLimits(max_size=len(TYPICAL)))
        limits = CpimLimits(max_size=len(TYPICAL) - 1)
        self.assertRaises(CpimError, parse_cpim, TYPICAL, limits)

    def test_headers(self) -> None:
        """The limit of headers is kept in each block."""
        parse_cpim(TYPICAL, CpimLimits(max_headers=6))
        limits = CpimLimits(max_headers=5)
        self.assertRaises(CpimError, parse_cpim, TYPICAL, limits)
        many = b"Content-A: b\r\n" * 64
        parse_cpim(b"From: <im:a@x>\r\n\r\n" + many + b"\r\n")
        self.assertRaises(
            CpimError, parse_cpim, b"From: <im:a@x>\r\n\r\nContent-A: b\r\n" + many
        )

    def test_line(self) -> None:
        """The limit of a line is kept, folded or not."""
        limits = CpimLimits(max_line=40)
        head = b"Subject: " + b"x" * 30
        parse_cpim(head + b"\r\n\r\n\r\n", limits)
        self.assertRaises(CpimError, parse_cpim, head + b"xx\r\n\r\n", limits)
        self.assertRaises(CpimError, parse_cpim, head + b"\r\n xx\r\n\r\n", limits)

    def test_long_content_line(self) -> None:
        """A long line of content without headers is content."""
        content = b"x" * 10_000
        message = parse_cpim(b"From: <im:a@x>\r\n\r\n" + content)
        self.assertEqual(message.content, content)

    def test_every_truncation(self) -> None:
        """Every beginning of a message is read or refused, and never more than that."""
        for end in range(len(TYPICAL)):
            try:
                message = parse_cpim(TYPICAL[:end])
            except CpimError:
                continue
            self.assertLessEqual(len(message.content), end)

    @settings(deadline=None, max_examples=100)
    @given(st.binary(max_size=300))
    def test_any_octets(self, data: bytes) -> None:
        """Any octets are read or refused."""
        for octets in (data, b"From: <im:a@x>\r\n" + data):
            try:
                parse_cpim(octets)
            except CpimError:
                continue


class WriteTests(SynchronousTestCase):
    """Writing to the letter (RFC 3862 2, 3)."""

    def test_identical(self) -> None:
        """A message that was strict already is written as it was."""
        self.assertEqual(parse_cpim(TYPICAL).encode(), TYPICAL)

    def test_tolerated_becomes_strict(self) -> None:
        """Whatever was forgiven is put right."""
        for data in (
            TYPICAL.replace(b"\r\n", b"\n"),
            TYPICAL.replace(b": ", b":"),
            TYPICAL.replace(b"\r\n\r\nContent", b"\r\nContent"),
        ):
            self.assertEqual(parse_cpim(data).encode(), TYPICAL)

    def test_order(self) -> None:
        """From, To, cc, DateTime, Subject, NS, Require, then everything else."""
        names = [
            "imdn.A",
            "Require",
            "NS",
            "Subject;lang=de",
            "DateTime",
            "cc",
            "cc",
            "To",
            "From",
        ]
        message = CpimMessage(tuple((name, "x") for name in names), (), b"")
        written = message.encode().decode().split("\r\n")
        self.assertEqual(
            [line.partition(":")[0] for line in written if line],
            [
                "From",
                "To",
                "cc",
                "cc",
                "DateTime",
                "Subject",
                "NS",
                "Require",
                "imdn.A",
            ],
        )
        self.assertIn("Subject:;lang=de x", written)

    def test_order_with_a_prefix_bound_twice(self) -> None:
        """A prefix bound twice has its order kept."""
        headers = (
            ("From", "<im:a@x>"),
            ("NS", "a <urn:one>"),
            ("a.X", "1"),
            ("NS", "a <urn:two>"),
            ("a.X", "2"),
        )
        self.assertEqual(
            parse_cpim(CpimMessage(headers, (), b"").encode()).headers, headers
        )

    def test_no_injection(self) -> None:
        """A line end in a value is escaped and begins no header."""
        message = CpimMessage(
            (("From", "<im:a@x>"), ("Subject", "a\r\nTo: b")),
            (("Content-Type", "text/plain\r\nX: y"),),
            b"",
        )
        read = parse_cpim(message.encode())
        self.assertIsNone(read.get("To"))
        self.assertEqual(len(read.content_headers), 1)

    def test_names(self) -> None:
        """Names that cannot be written are refused."""
        for name in ("", "a b", "a:b", "a\r\nb", "a.b.c", "ä"):
            message = CpimMessage(((name, "x"),), (), b"")
            self.assertRaises(CpimError, message.encode)
        for name in ("", "Content-\r\nX", "Con tent"):
            message = CpimMessage((), (("Content-Type", "x"), (name, "x")), b"")
            self.assertRaises(CpimError, message.encode)

    def test_content_headers_need_a_content_header(self) -> None:
        """Content headers that nobody could tell from content are refused."""
        message = CpimMessage((("From", "<im:a@x>"),), (("X-A", "b"),), b"")
        self.assertRaises(CpimError, message.encode)

    @settings(deadline=None, max_examples=100)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["imdn.Message-ID", "x.Y", "Subject", "cc"]),
                st.text(
                    st.characters(exclude_categories=["C", "Z"]), min_size=1
                ).filter(lambda v: not v.startswith(";")),
            ),
            max_size=8,
        ),
        st.binary(max_size=100),
    )
    def test_round_trip(self, headers: list[tuple[str, str]], content: bytes) -> None:
        """What is written is read as the same message."""
        ranked = [h for name in ("cc", "Subject") for h in headers if h[0] == name]
        others = [h for h in headers if h[0] not in ("cc", "Subject")]
        message = CpimMessage(
            (("From", "<im:a@x>"), *ranked, *others),
            (("Content-Type", "application/octet-stream"),),
            content,
        )
        self.assertEqual(parse_cpim(message.encode()), message)
