"""What Non-CPM users say in words (TS Table 5, 6.2.2.2.4, 6.3.1.1.6.1)."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.iwf.sessions.keywords import Said, said
from cpmgw.policy.session import SessionPolicy
from cpmgw.policy.texts import ENGLISH

FRENCH = msgspec.structs.replace(
    ENGLISH,
    language="fr",
    accept=("oui", "d'accord"),
    reject=("non",),
    leave=("quitter", "arrêt"),
)
# "no" accepts in a language of this test, so that whose comes first can be told.
CONTRARY = msgspec.structs.replace(
    ENGLISH, language="xx", accept=("no",), reject=("non",), leave=("?",)
)
POLICY = SessionPolicy(texts=(ENGLISH, FRENCH, CONTRARY))


class Keywords(SynchronousTestCase):
    def test_words(self) -> None:
        """Each word of a language means what it stands for."""
        for text, meaning in (
            ("yes", Said.ACCEPT),
            ("accept", Said.ACCEPT),
            ("no", Said.REJECT),
            ("reject", Said.REJECT),
            ("leave", Said.LEAVE),
        ):
            self.assertIs(said(text, ENGLISH, POLICY), meaning, text)

    def test_how_people_write(self) -> None:
        """Case, blanks and punctuation at the end do not count."""
        for text in (
            "Yes",
            "YES",
            " yes ",
            "yes!",
            "Yes.",
            "yes !!\r\n",
            "yes…",
            "ＹＥＳ",
        ):
            self.assertIs(said(text, ENGLISH, POLICY), Said.ACCEPT, text)
        for text in (
            "\u201cYes\u201d",
            "(yes)",
            "*yes*",
            "yes \U0001f44d",
            "\u2764\ufe0f yes \U0001f44d\U0001f3fd",
            "\u200fyes\u200e",
        ):
            self.assertIs(said(text, ENGLISH, POLICY), Said.ACCEPT, text)
        for text in ("ARRÊT", "arre\u0302t", "Arrêt."):
            self.assertIs(said(text, FRENCH, POLICY), Said.LEAVE, text)
        self.assertIs(said("D'Accord", FRENCH, POLICY), Said.ACCEPT)

    def test_question(self) -> None:
        """A question is no answer, in whatever script it is asked."""
        for text in ("yes?", "Yes ?!", "\u00bfyes?", "yes\u061f", "yes\uff1f"):
            self.assertIs(said(text, ENGLISH, POLICY), Said.NOTHING, text)

    def test_dotless(self) -> None:
        """Turkish I and i, with a dot and without, are one letter to a handset."""
        turkish = msgspec.structs.replace(
            ENGLISH,
            language="tr",
            accept=("kabul",),
            reject=("hay\u0131r",),
            leave=("\u00e7\u0131k\u0131\u015f",),
        )
        policy = SessionPolicy(texts=(turkish,))
        for text in ("HAYIR", "hayir", "hay\u0131r", "Hay\u0130r"):
            self.assertIs(said(text, turkish, policy), Said.REJECT, text)

    def test_leaving_by_policy(self) -> None:
        """Where no word leaves, none of the words to leave says anything."""
        policy = SessionPolicy(leave_by_text=False, leave_instructions="never")
        self.assertIs(said("leave", ENGLISH, policy), Said.NOTHING)
        self.assertIs(said("no", ENGLISH, policy), Said.REJECT)

    def test_whole_text_only(self) -> None:
        """A text that only contains a word is a message. [TS 6.2.2.1.3 deliver_sm 3]"""
        for text in ("yes please", "oh no", "yess", "I leave", "leave me", "y e s"):
            self.assertIs(said(text, ENGLISH, POLICY), Said.NOTHING, text)

    def test_nothing(self) -> None:
        """Nothing, blanks and punctuation say nothing."""
        for text in ("", "   ", "\n", "!", "..."):
            self.assertIs(said(text, ENGLISH, POLICY), Said.NOTHING, text)

    def test_every_language(self) -> None:
        """Words of other languages are understood after those of the user's own."""
        self.assertIs(said("oui", ENGLISH, POLICY), Said.ACCEPT)
        self.assertIs(said("yes", FRENCH, POLICY), Said.ACCEPT)
        self.assertIs(said("no", ENGLISH, POLICY), Said.REJECT)
        self.assertIs(said("no", CONTRARY, POLICY), Said.ACCEPT)

    def test_word_of_punctuation(self) -> None:
        """A word that is only punctuation is not taken for an empty one."""
        self.assertIs(said("?", ENGLISH, POLICY), Said.LEAVE)
        self.assertIs(said("??", ENGLISH, POLICY), Said.NOTHING)

    def test_long_text(self) -> None:
        """At the limit a text is looked at, one past it it is not."""
        self.assertIs(said("yes" + "!" * 197, ENGLISH, POLICY), Said.ACCEPT)
        self.assertIs(said("yes" + "!" * 198, ENGLISH, POLICY), Said.NOTHING)

    @given(some.text(max_size=300))
    def test_any_text(self, text: str) -> None:
        """Whatever a text is, it means one of four things, and a quoted one none."""
        self.assertIsInstance(said(text, ENGLISH, POLICY), Said)
        self.assertIs(said(f"you said {text} x", ENGLISH, POLICY), Said.NOTHING)
