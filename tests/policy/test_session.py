"""[policy.session]: keys that clash, languages, and the texts of each."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.config import loads
from cpmgw.policy import LanguageRule, SessionPolicy, SessionTexts
from cpmgw.policy.session import contradictions
from cpmgw.policy.texts import ENGLISH, PLACES, places_of
from tests.test_config import faults_of, least

FRENCH = """
[[policy.session.texts]]
language = "fr"
accept = ["oui"]
reject = ["non"]
leave = ["quitter"]
invitation = "{sender} souhaite discuter. Répondez {accept} ou {reject}."
group_invitation = "{sender} : groupe {group}. Répondez {accept} ou {reject}."
invited = "{sender} discute avec vous."
group_invited = "{sender} vous a ajouté au groupe {group}."
late = "Trop tard."
closed = "Fin."
group_closed = "Fin du groupe {group}."
how_to_leave = "Envoyez {leave} pour quitter."
participants = "{group} : {participants}."
group_message = "{sender} : {text}"
"""


def texts(**changes: Any) -> SessionPolicy:
    """A policy whose English texts are changed."""
    return SessionPolicy(texts=(msgspec.structs.replace(ENGLISH, **changes),))


class Clashes(SynchronousTestCase):
    def check(self, policy: SessionPolicy, **expected: str) -> None:
        """Fail unless these keys are contradictions, for these reasons."""
        self.assertEqual(expected, contradictions(policy))

    def test_defaults_agree(self) -> None:
        """The defaults contradict nothing."""
        self.check(SessionPolicy())

    def test_two_sessions_from_one_number(self) -> None:
        """Two sessions with one user are told apart by numbers only."""
        policy = SessionPolicy(second_invitation="separate")
        self.check(
            policy, second_invitation='is "separate", which needs sender "number"'
        )
        self.check(msgspec.structs.replace(policy, sender="number"))

    def test_answers_that_do_not_come(self) -> None:
        """Who waits for the answer to a message asks for one."""
        for wanted in ("partial", "no"):
            policy = SessionPolicy(failure_report=wanted)
            self.check(
                policy, failure_report='must be "yes" with acknowledge "answered"'
            )
            self.check(msgspec.structs.replace(policy, acknowledge="sent"))

    def test_instructions_for_nothing(self) -> None:
        """Nobody is told how to leave who cannot."""
        self.check(
            SessionPolicy(leave_by_text=False),
            leave_instructions="tell of leaving, but leave_by_text is false",
        )
        self.check(SessionPolicy(leave_by_text=False, leave_instructions="never"))

    def test_word_that_does_nothing(self) -> None:
        """No text names the word to leave where it leaves nothing."""
        policy = texts(invited="Send {leave} to leave.")
        off = msgspec.structs.replace(
            policy, leave_by_text=False, leave_instructions="never"
        )
        why = "has {leave}, but leave_by_text is false"
        self.assertEqual(why, contradictions(off)["texts[0].invited"])
        allowed = msgspec.structs.replace(
            texts(), leave_by_text=False, leave_instructions="never"
        )
        self.check(allowed)

    def test_participants_that_nobody_knows(self) -> None:
        """Who takes part can be told only where it is subscribed to."""
        self.check(
            SessionPolicy(participant_information=False, participants_in_messages=True),
            participants_in_messages="needs participant_information",
        )

    def test_texts(self) -> None:
        """There is a language, and none is there twice."""
        self.check(SessionPolicy(texts=()), texts="must hold at least one language")
        self.check(
            SessionPolicy(texts=(ENGLISH, ENGLISH)), texts="has a language twice"
        )

    def test_languages(self) -> None:
        """A rule names a language that has texts, and each prefix stands there once."""
        english = LanguageRule(prefix="+44", language="en")
        french = LanguageRule(prefix="+33", language="fr")
        self.check(SessionPolicy(languages=(english,)))
        self.check(
            SessionPolicy(languages=(english, english)), languages="has a prefix twice"
        )
        self.assertEqual(
            {"languages[1].language": "has no texts"},
            contradictions(SessionPolicy(languages=(english, french))),
        )


class Texts(SynchronousTestCase):
    def fault(self, key: str, **changes: Any) -> str:
        """What is wrong with a text that is changed."""
        found = contradictions(texts(**changes))
        self.assertLessEqual(set(found), {f"texts[0].{key}"})
        return found.get(f"texts[0].{key}", "")

    def test_needed_places(self) -> None:
        """Each place that a text needs is missed.

        An invitation carries a keyword for each answer (TS Table 4), a group's tells
        who invites to which group (TS 6.2.2.1.3 step 2).
        """
        count = 0
        for key, places in PLACES.items():
            for name in places.needed:
                others = " ".join(f"{{{each}}}" for each in places.needed - {name})
                fault = self.fault(key, **{key: f"Hello {others}"})
                self.assertEqual(f"lacks {{{name}}}", fault)
                count += 1
        self.assertEqual(12, count)

    def test_allowed_places(self) -> None:
        """Each place that a text may have is taken, and no other one."""
        for key, places in PLACES.items():
            full = " ".join(f"{{{name}}}" for name in sorted(places.allowed))
            self.assertEqual("", self.fault(key, **{key: full}))
            fault = self.fault(key, **{key: f"{full} {{colour}}"})
            self.assertEqual("knows no {colour}", fault)

    def test_every_text_is_checked(self) -> None:
        """Each key that is no language or keyword is a text with places."""
        others = {"language", "accept", "reject", "leave"}
        self.assertEqual(set(SessionTexts.__struct_fields__) - others, set(PLACES))

    def test_sender_behind_a_number(self) -> None:
        """From a number of ours, an invitation says who invites (6.2.2.1.3 step 1)."""
        policy = texts(invitation="{accept} or {reject}?")
        self.assertEqual({}, contradictions(policy))
        behind = msgspec.structs.replace(policy, sender="number")
        fault = contradictions(behind)["texts[0].invitation"]
        self.assertIn("{sender}", fault)

    def test_one_fault_a_text(self) -> None:
        """A text that cannot be read is not missed a sender as well."""
        policy = msgspec.structs.replace(texts(invitation="{"), sender="number")
        fault = contradictions(policy)["texts[0].invitation"]
        self.assertTrue(fault.startswith("cannot be filled: "), fault)

    def test_hostile_places(self) -> None:
        """A place is a name: no attribute, item, conversion, form or number."""
        for text in (
            "{sender.__class__}",
            "{sender[0]}",
            "{sender!r}",
            "{sender:>1000000}",
            "{0}",
            "{}",
            "{ sender }",
            "{",
            "}",
            "{sender",
            "{{sender}",
        ):
            self.assertTrue(
                self.fault("closed", closed=text).startswith("cannot be filled: "), text
            )

    def test_braces(self) -> None:
        """Doubled braces are braces."""
        self.assertEqual("", self.fault("closed", closed="{{sender}}"))
        self.assertEqual(frozenset(), places_of("{{sender}}"))

    @given(st.text(max_size=60) | st.text(alphabet="{}a.[]!:0", max_size=12))
    def test_any_text(self, text: str) -> None:
        """A text that is taken can be filled with what its places name."""
        if self.fault("closed", closed=text):
            return
        filled = text.format_map(dict.fromkeys(PLACES["closed"].allowed, "x"))
        self.assertLessEqual(len(filled), len(text))

    def test_keywords(self) -> None:
        """Each answer has its words, none of which means another answer too."""
        self.assertEqual("must name at least one word", self.fault("leave", leave=()))
        twice = "has a word that stands there already"
        self.assertEqual(twice, self.fault("reject", reject=("YES",)))
        self.assertEqual(twice, self.fault("leave", leave=("stop", "Stop")))

    def test_keywords_that_users_cannot_tell_apart(self) -> None:
        """Words count as one where the answers of users do."""
        twice = "has a word that stands there already"
        for word in ("yes!", "\uff39\uff25\uff33", "(yes)", "yes."):
            self.assertEqual(twice, self.fault("reject", reject=(word,)), word)
        self.assertEqual("", self.fault("reject", reject=("yes?",)))


class Reading(SynchronousTestCase):
    def test_languages(self) -> None:
        """Languages stand in the configuration in place of the profile's."""
        text = FRENCH + '[[policy.session.languages]]\nprefix = "+33"\nlanguage = "fr"'
        session = loads(least() + text, {}).policy.session
        (french,) = session.texts
        self.assertEqual(("fr", ("oui",)), (french.language, french.accept))
        self.assertEqual("fr", session.languages[0].language)

    def test_a_language_is_whole(self) -> None:
        """A text that is missing is a fault: no language is mended with another's."""
        text = FRENCH.replace('late = "Trop tard."\n', "")
        self.assertEqual(
            ("policy.session.texts[0].late: is missing",), faults_of(least() + text)
        )

    def test_faults_name_the_text(self) -> None:
        """A fault of a text says in which language's, and where."""
        text = FRENCH.replace("{leave}", "{congé}")
        self.assertEqual(
            ("policy.session.texts[0].how_to_leave: knows no {congé}",),
            faults_of(least() + text),
        )

    def test_lengths(self) -> None:
        """A text has 1 to 1000 characters, a keyword 1 to 32."""
        for length, good in ((0, False), (1, True), (1000, True), (1001, False)):
            text = FRENCH.replace("Trop tard.", "x" * length)
            self.assertEqual(good, not faults_of(least() + text), length)
        for length, good in ((0, False), (1, True), (32, True), (33, False)):
            text = FRENCH.replace("quitter", "x" * length, 1)
            self.assertEqual(good, not faults_of(least() + text), length)

    def test_keywords_have_no_spaces_around_them(self) -> None:
        """Nor more than one line."""
        for word, good in (("je quitte", True), (" x", False), ("x ", False)):
            text = FRENCH.replace("quitter", word, 1)
            self.assertEqual(good, not faults_of(least() + text), word)
        self.assertTrue(faults_of(least() + FRENCH.replace("quitter", r"x\ny", 1)))

    def test_language_tags(self) -> None:
        """A language is a tag of RFC 5646."""
        for tag, good in (
            ("fr-CA", True),
            ("zh-Hant-TW", True),
            ("FR", False),
            ("", False),
            ("f", False),
            ("fr-", False),
            (r"fr\n", False),
        ):
            text = FRENCH.replace('language = "fr"', f'language = "{tag}"')
            self.assertEqual(good, not faults_of(least() + text), tag)
