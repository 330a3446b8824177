"""From octets to frames: however they are cut, and however wrong they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.msrp.errors import MsrpSyntaxError
from cpmgw.msrp.frames import ByteRange, Flag, write_end, write_request
from cpmgw.msrp.interfaces import FailureReport
from cpmgw.msrp.parser import LONGEST_END, FrameParser, Limits, Within
from tests.msrp.frames import OURS, THEIRS, answer, read, report, send

STREAM = send() + answer() + report() + send(None) + send(b"", flag="+")


class Frames(SynchronousTestCase):
    def test_send(self) -> None:
        """A SEND gives its head, its body and the flag of its end (RFC 4975 7.1)."""
        (frame,) = read(send(headers=["Success-Report: yes"])).frames
        request = frame.request
        self.assertEqual((request.transaction, request.method), ("t1d2", "SEND"))
        self.assertEqual((request.to_path, request.from_path), ((OURS,), (THEIRS,)))
        self.assertEqual(
            (request.message_id, request.content_type), ("m1d2", "text/plain")
        )
        self.assertEqual(request.byte_range, ByteRange(1, 5, 5))
        self.assertTrue(request.success_report)
        self.assertIs(request.failure_report, FailureReport.YES)
        self.assertEqual((frame.body, frame.flag), (b"hello", Flag.LAST))

    def test_response(self) -> None:
        """A response gives its status and comment, and no body (7.2)."""
        (frame,) = read(answer(status=413)).frames
        self.assertEqual((frame.response.status, frame.response.text), (413, "Comment"))
        self.assertEqual((frame.body, frame.flag), (b"", Flag.LAST))

    def test_response_without_comment(self) -> None:
        """The comment may be left out (9)."""
        (frame,) = read(answer().replace(b" Comment", b"")).frames
        self.assertEqual((frame.response.status, frame.response.text), (200, ""))

    def test_report(self) -> None:
        """A REPORT tells a status of a message (7.1.2)."""
        (frame,) = read(report("000 408 Late")).frames
        self.assertEqual(
            (frame.request.message_id, frame.request.status), ("m1d2", 408)
        )

    def test_no_body(self) -> None:
        """A SEND without content ends after its headers (7.1)."""
        (frame,) = read(send(None, given="1-0/0")).frames
        self.assertFalse(frame.request.has_body)
        self.assertEqual(frame.request.byte_range, ByteRange(1, 0, 0))
        self.assertEqual((frame.body, frame.flag), (b"", Flag.LAST))

    def test_empty_body(self) -> None:
        """A body may be empty, with and without the CRLF that closes one."""
        for octets in (send(b""), send(b"").replace(b"\r\n\r\n\r\n", b"\r\n\r\n")):
            (frame,) = read(octets).frames
            self.assertTrue(frame.request.has_body)
            self.assertEqual((frame.body, frame.flag), (b"", Flag.LAST))

    def test_flags(self) -> None:
        """A chunk is the last, goes on, or is the end of an attempt (7.1)."""
        for flag in Flag:
            (frame,) = read(send(flag=flag.value)).frames
            self.assertIs(frame.flag, flag)

    def test_almost_an_end(self) -> None:
        """Only the whole end-line ends a body."""
        for body in (
            b"\r\n-------t1d2",
            b"\r\n-------t1d2x\r\n",
            b"\r\n-------t1d2$x",
            b"\r\n-------t1d3$\r\n",
            b"-------t1d2$\r\n",
            b"\r\n------t1d2$\r\n",
            b"\r\n\r\n\r\n",
        ):
            for step in (0, 1, 7):
                (frame,) = read(send(b"a" + body + b"b"), step).frames
                self.assertEqual(frame.body, b"a" + body + b"b")

    def test_names_in_any_case(self) -> None:
        """Names of headers count without their case, and blanks around values not."""
        octets = send().replace(b"Message-ID: m1d2", b"message-id:  m1d2 ")
        (frame,) = read(octets).frames
        self.assertEqual(frame.request.message_id, "m1d2")

    def test_defaults(self) -> None:
        """Without Byte-Range a SEND is the whole message, of a size to be seen."""
        octets = send().replace(b"Byte-Range: 1-5/5\r\n", b"")
        (frame,) = read(octets).frames
        self.assertEqual(frame.request.byte_range, ByteRange(1, None, None))

    def test_stars(self) -> None:
        """A chunk that may be interrupted does not say where it ends (7.1.1)."""
        (frame,) = read(send(given="7-*/*")).frames
        self.assertEqual(frame.request.byte_range, ByteRange(7, None, None))
        self.assertEqual(str(frame.request.byte_range), "7-*/*")


class Cuts(SynchronousTestCase):
    def test_every_cut(self) -> None:
        """A stream may be cut anywhere, into two or into single octets."""
        whole = [(f.head, f.body, f.flag) for f in read(STREAM).frames]
        self.assertEqual(len(whole), 5)
        for cut in range(1, len(STREAM)):
            reader = read(STREAM[:cut])
            reader.add(STREAM[cut:])
            self.assertEqual([(f.head, f.body, f.flag) for f in reader.frames], whole)
        for step in (1, 2, 3, 5, 11):
            frames = read(STREAM, step).frames
            self.assertEqual([(f.head, f.body, f.flag) for f in frames], whole)

    def test_every_truncation(self) -> None:
        """What is cut off is not taken for whole, and not for broken."""
        octets = send(b"hello\r\n-------t1d2%\r\nworld")
        for cut in range(len(octets)):
            reader = read(octets[:cut])
            self.assertEqual(reader.broken, "")
            self.assertTrue(all(frame.flag is None for frame in reader.frames))

    def test_a_body_is_handed_on_at_once(self) -> None:
        """Of a large chunk no more is kept than might be of its end-line."""
        reader = read(send(bytes(1_000_000))[:500_000], 65_536)
        (frame,) = reader.frames
        self.assertGreater(len(frame.body), 500_000 - 300)
        self.assertLess(len(reader.parser._buffer) - reader.parser._at, 20)
        self.assertIs(reader.parser.within, Within.BODY)

    def test_within(self) -> None:
        """It is known whether a frame has begun and not ended."""
        parser = FrameParser(Limits())
        octets = send()
        self.assertIs(parser.within, Within.NOTHING)
        parser.add(octets[:10])
        self.assertIsNone(parser.take())
        self.assertIs(parser.within, Within.HEAD)
        parser.add(octets[10:])
        while parser.take() is not None:
            pass
        self.assertIs(parser.within, Within.NOTHING)

    @given(
        st.lists(
            st.tuples(st.binary(max_size=200), st.sampled_from("$+#")), max_size=5
        ),
        st.integers(1, 300),
    )
    def test_round_trip(self, chunks: list[tuple[bytes, str]], step: int) -> None:
        """Whatever bodies are sent, they arrive, however the stream is cut."""
        octets = b"".join(send(body, flag=flag) for body, flag in chunks)
        reader = read(octets, step)
        self.assertEqual(
            [(frame.body, frame.flag) for frame in reader.frames],
            [(body, Flag(flag)) for body, flag in chunks],
        )


class Faults(SynchronousTestCase):
    def test_not_msrp(self) -> None:
        """A stream that cannot be followed is told at its first wrong octet."""
        for octets in (
            b"G",
            b"GET / HTTP/1.1\r\n",
            b"\r\n",
            b"MSRP t1d SEND\r\n",
            b"MSRP t1d2 send\r\n",
            b"MSRP t1d2 20\r\n",
            b"MSRP t1d2\r\n",
            b"MSRP " + b"t" * 33 + b" SEND\r\n",
            b"MSRP t1d2 SEND\r\n-------t1d2!\r\n",
            b"\x16\x03\x01",
        ):
            self.assertNotEqual(read(octets).broken, "", octets)
            self.assertEqual(read(octets + send()).frames, [], octets)

    def test_transaction(self) -> None:
        """A transaction id is of 4 to 32 characters (9)."""
        for size in (4, 32):
            (frame,) = read(send(transaction="t" * size)).frames
            self.assertEqual(len(frame.head.transaction), size)

    def test_no_path(self) -> None:
        """Who has no path cannot be answered; what comes behind can."""
        for name in (b"To-Path", b"From-Path"):
            octets = send().replace(name + b": ", b"X-Path: ")
            frame, behind = read(octets + send()).frames
            self.assertEqual(frame.request.fault, "No Path")
            self.assertEqual((frame.body, behind.request.fault), (b"hello", ""))

    def test_bad_path(self) -> None:
        """A path that is none is a fault; of one that begins well the first is told."""
        for octets, paths in (
            (send(to_path="sip:h"), ((), (THEIRS,))),
            (send(from_path=""), ((OURS,), ())),
            (send(to_path=f"{OURS}  {OURS}"), ((OURS,), (THEIRS,))),
            (send(headers=[f"To-Path: {OURS}"]), ((OURS,), (THEIRS,))),
            (send().replace(b"msrp:", b"msr\xff:"), ((), ())),
            (send(from_path="msrp://\u00fc@h:1/x;tcp"), ((OURS,), ())),
            (send(from_path=f"msrp://h/{'p' * 1100};tcp"), ((OURS,), ())),
        ):
            frame, behind = read(octets + send()).frames
            self.assertNotEqual(frame.request.fault, "")
            self.assertEqual((frame.request.to_path, frame.request.from_path), paths)
            self.assertEqual((frame.body, behind.request.fault), (b"hello", ""))

    def test_no_utf8(self) -> None:
        """So are octets in a head that are no UTF-8 (9); a comment may have them."""
        octets = send(headers=["X: f\u00fcr"])
        self.assertEqual(read(octets).frames[0].request.fault, "")
        (frame,) = read(octets.replace("\u00fc".encode(), b"\xfc")).frames
        self.assertEqual(frame.request.fault, "Malformed UTF-8")
        (frame,) = read(answer().replace(b"Comment", b"\xfc")).frames
        self.assertEqual(frame.response.status, 200)

    def test_nothing_is_kept_of_a_broken_stream(self) -> None:
        """What comes after the first wrong octet is dropped."""
        reader = read(b"GET")
        reader.add(bytes(1_000_000))
        self.assertEqual(reader.parser._buffer, b"")

    def test_bad_header(self) -> None:
        """Another header that is wrong leaves the frame to be answered with 400."""
        for line in ("X", ": x", "X Y: z"):
            (frame,) = read(send(headers=[line])).frames
            self.assertEqual(frame.request.fault, "Malformed Header")
            self.assertEqual((frame.body, frame.flag), (b"hello", Flag.LAST))

    def test_bad_values(self) -> None:
        """What a header says wrongly is told to whoever asks."""
        for line, name in (
            ("Message-ID: m1", "message_id"),
            ("Message-ID: mmmm", "message_id"),
            ("Byte-Range: 1-5", "byte_range"),
            ("Success-Report: maybe", "success_report"),
            ("Failure-Report: never", "failure_report"),
            ("Content-Type: a\x00b", "content_type"),
            (f"Content-Type: a/{'b' * 511}", "content_type"),
            ("Status: 200", "status"),
            ("Status: 001 200 OK", "status"),
        ):
            octets = send(
                message_id="" if line == "Message-ID: m1" else "m1d2", headers=[line]
            ).replace(b"Content-Type: text/plain\r\n", b"")
            (frame,) = read(octets).frames
            self.assertRaises(MsrpSyntaxError, getattr, frame.request, name)

    def test_bad_ranges(self) -> None:
        """A Byte-Range is of numbers that a file can have."""
        for text in ("1-5/", "-5/5", "a-5/5", "1-5/5 ", f"1-{'9' * 19}/*", "*-5/5", ""):
            octets = send().replace(b"1-5/5", text.encode() or b"x")
            (frame,) = read(octets).frames
            if text == "1-5/5 ":
                self.assertEqual(frame.request.byte_range, ByteRange(1, 5, 5))
            else:
                self.assertRaises(MsrpSyntaxError, getattr, frame.request, "byte_range")

    @given(st.binary(max_size=300), st.integers(1, 50))
    def test_any_octets(self, octets: bytes, step: int) -> None:
        """Whatever comes, it is understood, waited for, or refused."""
        read(octets, step)
        read(send()[:40] + octets, step)

    @given(st.integers(0, len(STREAM) - 1), st.integers(0, 255))
    def test_any_change(self, at: int, octet: int) -> None:
        """A stream with one wrong octet breaks nothing of ours."""
        octets = STREAM[:at] + bytes([octet]) + STREAM[at + 1 :]
        self.assertEqual(
            [(f.head, f.body, f.flag) for f in read(octets).frames],
            [(f.head, f.body, f.flag) for f in read(octets, 1).frames],
        )


class Bounds(SynchronousTestCase):
    def head(self, size: int) -> bytes:
        """A frame whose head is of so many octets."""
        octets = send(headers=["X: "])
        short = size - octets.index(b"\r\n\r\n")
        return send(headers=["X: " + "x" * short])

    def test_head(self) -> None:
        """A head has a largest size, whether it is here as a whole or comes slowly."""
        limits = Limits(max_head=1024)
        for step in (0, 1, 100):
            self.assertEqual(read(self.head(1024), step, limits).broken, "")
            self.assertEqual(len(read(self.head(1024), step, limits).frames), 1)
            self.assertEqual(
                read(self.head(1025), step, limits).broken, "Head Too Large"
            )

    def test_no_end(self) -> None:
        """A head without an end is given up."""
        limits = Limits(max_head=1024)
        for octets in (b"MSRP t1d2 SEND\r\nX: ", b"MSRP t1d2 200 "):
            room = 1024 + LONGEST_END - len(octets)
            self.assertEqual(read(octets + b"x" * room, 0, limits).broken, "")
            broken = read(octets + b"x" * (room + 1), 0, limits).broken
            self.assertEqual(broken, "Head Too Large")

    def test_headers(self) -> None:
        """So has the number of headers; the paths count."""
        limits = Limits(max_headers=6)
        (frame,) = read(send(headers=["X: y"]), 0, limits).frames
        self.assertEqual(frame.request.fault, "")
        (frame,) = read(send(headers=["X: y"] * 2), 0, limits).frames
        self.assertEqual(frame.request.fault, "Too Many Headers")

    def test_path(self) -> None:
        """So has a path."""
        limits = Limits(max_path=3)
        (frame,) = read(send(to_path=" ".join([OURS] * 3)), 0, limits).frames
        self.assertEqual(len(frame.request.to_path), 3)
        (frame,) = read(send(to_path=" ".join([OURS] * 4)), 0, limits).frames
        self.assertEqual(frame.request.fault, "Path Too Long")
        self.assertEqual(frame.request.to_path, (OURS,))


class Writing(SynchronousTestCase):
    def test_request(self) -> None:
        """What is written is what the RFC has: paths first, then the others (7.1)."""
        head = write_request("SEND", "t1d2", [OURS], [THEIRS], [("Message-ID", "m1d2")])
        self.assertEqual(
            head + write_end("t1d2", Flag.MORE),
            f"MSRP t1d2 SEND\r\nTo-Path: {OURS}\r\nFrom-Path: {THEIRS}\r\n"
            "Message-ID: m1d2\r\n-------t1d2+\r\n".encode(),
        )
