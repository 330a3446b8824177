"""The MSRP of the load, read by the gateway's own parser and read back."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from cpmgw.cpm.chat_content import Content, read_chat
from cpmgw.cpm.imdn import Disposition
from cpmgw.lab.bench import frames, stream
from cpmgw.msrp.frames import Flag, Request, Response, write_answer
from cpmgw.msrp.parser import Event, FrameParser, Limits

TO = "msrp://127.0.0.1:2855/abcd;tcp"
OWN = "msrp://127.0.0.1:9/bench-00000003;tcp"


def parsed(octets: bytes) -> list[Event]:
    """What the gateway makes of some octets."""
    parser = FrameParser(Limits())
    parser.add(octets)
    found: list[Event] = []
    while (event := parser.take()) is not None:
        found.append(event)
    return found


def request_of(octets: bytes) -> Request:
    """The head of a single request."""
    head = parsed(octets)[0]
    assert isinstance(head, Request)
    return head


class Writing(SynchronousTestCase):
    def test_binding_has_no_content(self) -> None:
        """The SEND that binds a session is empty (RFC 4975 5.4)."""
        head, flag = parsed(frames.bind(3, TO, OWN))
        assert isinstance(head, Request)
        self.assertEqual((head.method, head.has_body), ("SEND", False))
        self.assertEqual((head.to_path, head.from_path), ((TO,), (OWN,)))
        self.assertIs(flag, Flag.LAST)

    def test_message_is_a_text_that_wants_notifications(self) -> None:
        """A SEND has a whole text in CPIM and its range says so."""
        head, body, flag = parsed(frames.message(12, TO, OWN))
        assert isinstance(head, Request)
        assert isinstance(body, bytes)
        self.assertEqual(head.byte_range.total, len(body))
        self.assertEqual(head.byte_range.end, len(body))
        self.assertIs(flag, Flag.LAST)
        content = read_chat(head.content_type, body)
        self.assertIs(content.kind, Content.TEXT)
        self.assertTrue(content.text.startswith("bench-00000012: "))
        self.assertEqual(
            content.requested.dispositions,
            frozenset({Disposition.POSITIVE_DELIVERY, Disposition.INTERWORKING}),
        )

    def test_ok_answers_a_send(self) -> None:
        """The 200 has the transaction, and the paths the other way round (7.2)."""
        (frame,) = frames.cut(bytearray(frames.message(5, TO, OWN)))
        answer, flag = parsed(frames.ok(frame))
        assert isinstance(answer, Response)
        self.assertEqual((answer.transaction, answer.status), ("send00000005", 200))
        self.assertEqual((answer.to_path, answer.from_path), ((OWN,), (TO,)))
        self.assertIs(flag, Flag.LAST)


class Reading(SynchronousTestCase):
    def test_frames_in_pieces(self) -> None:
        """However the octets arrive, each frame comes out once and whole."""
        octets = [
            frames.message(1, TO, OWN),
            write_answer(request_of(frames.message(1, TO, OWN)), 200),
            frames.bind(2, TO, OWN),
        ]
        whole = b"".join(octets)
        for size in (1, 7, 300, len(whole)):
            buffer = bytearray()
            found: list[frames.Frame] = []
            for begin in range(0, len(whole), size):
                buffer += whole[begin : begin + size]
                found.extend(frames.cut(buffer))
            self.assertEqual([each.data for each in found], octets)
            self.assertEqual([each.what for each in found], ["SEND", "200", "SEND"])
            self.assertEqual([each.number for each in found], [1, 1, 2])
            self.assertFalse(buffer)

    def test_number_of_somebody_else(self) -> None:
        """A transaction of the gateway's has no number of ours."""
        octets = frames.bind(2, TO, OWN).replace(b"bind00000002", b"a786hjs2")
        (frame,) = frames.cut(bytearray(octets))
        self.assertIsNone(frame.number)


class Streams(SynchronousTestCase):
    def test_chunks_are_one_message(self) -> None:
        """Their ranges follow one another, and only the last ends it (5.1)."""
        for size, chunk, count in ((100, 30, 4), (90, 30, 3), (10, 30, 1)):
            parts = list(stream.frames(TO, "message0", size, chunk))
            self.assertEqual(len(parts), count)
            at = 0
            for number, each in enumerate(parts, 1):
                head, body, flag = parsed(b"".join(each))
                assert isinstance(head, Request)
                assert isinstance(body, bytes)
                given = head.byte_range
                self.assertEqual((given.start, given.total), (at + 1, size))
                at += len(body)
                self.assertEqual(given.end, at)
                self.assertIs(flag, Flag.LAST if number == count else Flag.MORE)
            self.assertEqual(at, size)

    def test_answers_are_counted_as_they_come(self) -> None:
        """Each answer counts once, in whatever pieces, and only a 200 as well."""
        requests = [
            request_of(b"".join(each))
            for each in stream.frames(TO, "message0", 100, 30)
        ]
        octets = b"".join(
            [
                write_answer(request, status)
                for request, status in zip(requests, (200, 413, 200, 200), strict=True)
            ]
        )
        for size in (1, 50, len(octets)):
            answers = stream.Answers()
            for begin in range(0, len(octets), size):
                answers.add(octets[begin : begin + size])
            self.assertEqual((answers.all, answers.ok), (4, 3))
