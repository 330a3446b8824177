"""Where a text may be cut (Unicode UAX 29)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsmpp.text.graphemes import LONGEST, boundary_before, is_boundary


def pieces(text: str) -> list[str]:
    """The text cut wherever it may be."""
    found = [""]
    for at, character in enumerate(text):
        if at and is_boundary(text, at):
            found.append("")
        found[-1] += character
    return found


class BoundaryTests(SynchronousTestCase):
    def test_clusters_stay_whole(self) -> None:
        """Marks, emoji sequences, flags, tags, Korean and CR LF are not cut."""
        clusters = [
            "a",
            "e\u0301\u0323",
            "👨\u200d👩\u200d👧",
            "👍🏽",
            "🇨🇭",
            "🇹🇷",
            "🏴\U000e0067\U000e0062\U000e007f",
            "❤\ufe0f",
            "\r\n",
            "नि",
            "\u1112\u1161\u11ab",
            "한",
            "글",
            "z",
        ]
        self.assertEqual(pieces("".join(clusters)), clusters)

    def test_boundary_before(self) -> None:
        """The last place that is none inside a cluster, if it is after the floor."""
        text = "ab👨\u200d👩"
        self.assertEqual(boundary_before(text, 4, 0), 2)
        self.assertEqual(boundary_before(text, 4, 2), 4)

    def test_longest_cluster(self) -> None:
        """A cluster is looked back over up to the limit, and cut beyond it."""
        for marks, expected in ((LONGEST - 2, 1), (LONGEST + 1, LONGEST + 2)):
            text = "ab" + "\u0301" * marks + "\u0301"
            self.assertEqual(boundary_before(text, marks + 1, 0), expected)
