"""What is sent is what is read, by every policy and whatever the network does to it."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.txsmpp.text.support import delivered
from txsmpp.text.alphabet import Alphabet
from txsmpp.text.encoding import prepare
from txsmpp.text.errors import CannotEncode
from txsmpp.text.language import Language
from txsmpp.text.national import DEFAULT, EXTENSION, LOCKING_SHIFT
from txsmpp.text.policy import Segmentation, TextPolicy
from txsmpp.text.reassembly import assemble
from txsmpp.text.received import read
from txsmpp.text.segment import Segment

GSM = "".join([*DEFAULT.values(), *EXTENSION.values()])
HARD = "a€{}я😀👨\u200d👩🏽🇨🇭e\u0301ğ\r\n"

TEXTS = st.one_of(
    st.text(max_size=400),
    st.text(alphabet=GSM, max_size=600),
    st.text(alphabet=HARD, max_size=400),
    st.lists(st.sampled_from(list(Language)[3:12]), max_size=3).flatmap(
        lambda chosen: st.text(
            alphabet="".join(
                "".join(LOCKING_SHIFT[language].values())
                for language in chosen or [Language.HINDI]
            ),
            max_size=400,
        )
    ),
)

POLICIES = st.builds(
    TextPolicy,
    segmentation=st.sampled_from(Segmentation),
    alphabets=st.permutations(
        [Alphabet.GSM, Alphabet.ASCII, Alphabet.LATIN_1, Alphabet.CYRILLIC]
    ).flatmap(lambda some: st.integers(0, 4).map(lambda n: (*some[:n], Alphabet.UCS2))),
    default_alphabet=st.sampled_from(
        [Alphabet.GSM, Alphabet.GSM, Alphabet.LATIN_1, Alphabet.ASCII]
    ),
    single_octets=st.sampled_from([140, 140, 137, 20]),
    sar_octets=st.just(20),
    locking_shift=st.sampled_from([(), (Language.TURKISH, Language.HINDI)]),
    single_shift=st.sampled_from([(), tuple(Language)[:6]]),
)


def air_octets(segment: Segment, policy: TextPolicy) -> int:
    """How many octets a short message takes over the air."""
    received = read(delivered(segment), policy)
    if segment.data_coding:
        return len(segment.payload)
    header = len(segment.payload) - len(received.octets)
    septets = len(received.octets)
    if policy.default_alphabet != Alphabet.GSM:
        septets += sum(
            character in EXTENSION.values() for character in received.text or ""
        )
    return (-(-header * 8 // 7) * 7 + septets * 7 + 7) // 8


class RoundTripTests(SynchronousTestCase):
    @settings(deadline=None, max_examples=100)
    @given(TEXTS, POLICIES, st.integers(0, 0x1FFFF), st.randoms(use_true_random=False))
    def test_any_text(
        self, text: str, policy: TextPolicy, reference: int, chance: random.Random
    ) -> None:
        """Prepared, shuffled, doubled, read and assembled, a text is itself again."""
        segments = prepare(text, policy, reference)
        arriving = [*segments, *chance.choices(segments, k=2)]
        chance.shuffle(arriving)
        received = [read(delivered(segment), policy) for segment in arriving]
        self.assertFalse(any(one.lossy for one in received) and "\ufffd" not in text)
        if len(segments) == 1:
            self.assertEqual(received[0].text, text)
        else:
            self.assertEqual(assemble(received), text)

    @settings(deadline=None, max_examples=100)
    @given(TEXTS, POLICIES)
    def test_limits_and_cuts(self, text: str, policy: TextPolicy) -> None:
        """No segment is over the limit, each is text of its own, in order."""
        segments = prepare(text, policy)
        total = len(segments)
        self.assertEqual([s.number for s in segments], list(range(1, total + 1)))
        limit = policy.single_octets
        if policy.segmentation == Segmentation.SAR and total > 1:
            limit = policy.sar_octets
        pieces = []
        for segment in segments:
            self.assertEqual(segment.total, total)
            self.assertLessEqual(len(segment.short_message()), 254)
            if not segment.in_tlv:
                self.assertLessEqual(air_octets(segment, policy), limit)
            pieces.append(read(delivered(segment), policy).text or "")
        self.assertEqual("".join(pieces), text)

    @settings(deadline=None, max_examples=100)
    @given(st.text(alphabet=HARD, max_size=400), st.sampled_from([20, 21, 22, 140]))
    def test_clusters_cost_no_segment(self, text: str, octets: int) -> None:
        """However emoji sequences fall, there are no more segments than needed."""
        policy = TextPolicy(
            alphabets=(Alphabet.UCS2,),
            segmentation=Segmentation.SAR,
            single_octets=octets,
            sar_octets=octets,
        )
        needed, room = 1, octets // 2
        for character in text:
            units = 2 if character > "\uffff" else 1
            if units > room:
                needed, room = needed + 1, octets // 2
            room -= units
        self.assertEqual(len(prepare(text, policy)), needed)

    @settings(deadline=None, max_examples=100)
    @given(
        st.text(alphabet=GSM.replace("\r", "") + "я", max_size=500),
        st.sampled_from(Segmentation),
    )
    def test_packed(self, text: str, segmentation: Segmentation) -> None:
        """Packed septets come back whole, behind any header."""
        policy = TextPolicy(
            packed=True, segmentation=segmentation, single_shift=(Language.TURKISH,)
        )
        segments = prepare(text, policy)
        received = [read(delivered(segment), policy) for segment in segments]
        for segment in segments:
            self.assertLessEqual(len(segment.short_message()), 140)
        whole = received[0].text if len(received) == 1 else assemble(received)
        self.assertEqual(whole, text)

    @settings(deadline=None, max_examples=100)
    @given(st.text(max_size=35), st.sampled_from(Alphabet))
    def test_nothing_is_lost_silently(self, text: str, alphabet: Alphabet) -> None:
        """With one alphabet a text is carried whole or refused."""
        try:
            policy = TextPolicy(alphabets=(alphabet,))
        except ValueError:
            return
        try:
            (segment,) = prepare(text, policy)
        except CannotEncode:
            return
        self.assertEqual(read(delivered(segment), policy).text, text)
