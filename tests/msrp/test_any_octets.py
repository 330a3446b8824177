"""Whatever a peer sends, nothing breaks and nothing is left; what is sent arrives."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cpmgw.bodies.spool import SpoolLimits
from cpmgw.msrp.interfaces import FailureReport, Remote
from cpmgw.msrp.node import MsrpNode
from cpmgw.msrp.reception import ReceptionLimits
from cpmgw.msrp.sending import SendLimits
from tests.msrp.frames import answer, report, send
from tests.msrp.nodes import NodeCase

PEER = "msrp://127.0.0.1:9/peer;tcp"
OWN = "OWN"

NUMBERS = st.one_of(st.integers(0, 60), st.sampled_from([999, 10**17]))
STARS = st.one_of(NUMBERS.map(str), st.just("*"))
RANGES = st.one_of(
    st.none(), st.builds("{}-{}/{}".format, NUMBERS, STARS, STARS), st.text(max_size=5)
)
HEADERS = st.lists(
    st.sampled_from(
        [
            "Failure-Report: no",
            "Failure-Report: partial",
            "Success-Report: yes",
            "Success-Report: x",
            "Message-ID: twice",
            "Nonsense",
        ]
    ),
    max_size=2,
)


@st.composite
def sends(draw: st.DrawFn) -> bytes:
    """SENDs that may be right."""
    return send(
        draw(st.none() | st.binary(max_size=60)),
        given=draw(RANGES),
        flag=draw(st.sampled_from("$$$++#")),
        transaction=draw(st.sampled_from(["t1d2", "t3d4"])),
        message_id=draw(st.sampled_from(["m1d2", "m3d4", "m5d6", ""])),
        to_path=draw(st.sampled_from([OWN, OWN, OWN, PEER, f"{OWN} {PEER}"])),
        from_path=draw(st.sampled_from([PEER, PEER, PEER, OWN])),
        content_type=draw(st.sampled_from(["text/plain", ""])),
        method=draw(st.sampled_from(["SEND", "SEND", "SEND", "AUTH", "REPORT"])),
        headers=draw(HEADERS),
    )


FRAMES = st.one_of(
    sends(),
    sends(),
    st.builds(answer, st.sampled_from(["t1d2", "none"]), st.sampled_from([200, 413])),
    st.builds(report, st.sampled_from(["000 200 OK", "000 413", "x"])),
    st.binary(max_size=10),
)


class Anything(NodeCase):
    def small(self, **more: Any) -> MsrpNode:
        """A node whose limits are near."""
        return self.node(
            reception=ReceptionLimits(max_size=50, incomplete=2, gaps=2),
            storage=SpoolLimits(spill=20, memory=60, storage=90, files=2),
            unanswered=2,
            **more,
        )

    @settings(deadline=None, max_examples=150)
    @given(
        st.lists(FRAMES, max_size=12),
        st.integers(1, 200),
        st.sampled_from([200, 415]),
        st.booleans(),
    )
    def test_any_frames(
        self, frames: list[bytes], step: int, status: int, close: bool
    ) -> None:
        """Frames right and wrong, cut at will."""
        node = self.small()
        session, user = self.open(node)
        user.answer = lambda: status
        session.begin(Remote(path=(PEER,)))
        sent = session.send("a/b", b"x" * 3000, failure_report=FailureReport.PARTIAL)
        sent.addErrback(lambda _: None)
        own = session.path[0].encode()
        octets = b"".join(frames).replace(OWN.encode(), own)
        peer = self.connect(node)
        for at in range(0, len(octets), step):
            if not peer.closed:
                peer.write(octets[at : at + step])
                self.network.settle()
        if close:
            session.close()
        self.network.advance(200.0)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(len(node.spool), 0)
        self.check_empty()
        self.nodes.clear()

    @settings(deadline=None, max_examples=60)
    @given(
        st.lists(st.integers(0, 30_000), min_size=1, max_size=6),
        st.sampled_from([2048, 3000, 65_536]),
        st.integers(1, 4),
        st.sampled_from([0, 100, 1000, 7777]),
    )
    def test_any_messages(
        self, sizes: list[int], chunk: int, window: int, segment: int
    ) -> None:
        """Messages of any sizes arrive whole, both ways at once."""
        limits = SendLimits(chunk=chunk, window=window)
        near = self.node(sending=limits, storage=SpoolLimits(spill=5000))
        far = self.node(sending=limits, storage=SpoolLimits(memory=5000))
        active, active_user, passive, user = self.pair(near, far)
        self.network.segment_size = segment
        bodies = [bytes([n]) * size for n, size in enumerate(sizes)]
        sent = [each.send("a/b", b) for b in bodies for each in (active, passive)]
        for each in sent:
            self.assertEqual(self.network.result_of(each), 200)
        self.assertEqual(sorted(user.bodies), sorted(bodies))
        self.assertEqual(sorted(active_user.bodies), sorted(bodies))
        self.network.segment_size = 0
        self.check_empty()
        self.nodes.clear()
