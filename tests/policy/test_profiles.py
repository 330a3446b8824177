"""The profiles' files: complete, explained, and without contradiction."""

from __future__ import annotations

import tomllib

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.policy import PROFILES, Policy, contradictions, profile_text
from tests.policy.keys import keys
from tests.policy.places import BEYOND, PLACES
from tests.policy.profile import meanings, profile


class Profiles(SynchronousTestCase):
    def test_oma_is_the_default(self) -> None:
        """The profile oma says what Policy's own defaults say."""
        self.assertEqual(Policy(), profile("oma"))

    def test_oma_has_every_key(self) -> None:
        """The profile oma shows every policy key there is, tables included."""
        table = tomllib.loads(profile_text("oma"))
        self.assertEqual(sorted(Policy.__struct_fields__), sorted(table))
        shown = msgspec.json.decode(msgspec.json.encode(Policy()))
        self.assertEqual(shown, table)

    def test_every_key_names_its_section(self) -> None:
        """Each key of oma stands under a comment that says what it does and where."""
        said = meanings("oma")
        for key in keys():
            self.assertIn(key.path, said)
            self.assertTrue(said[key.path].text, key.path)
            self.assertTrue(said[key.path].sections, key.path)

    def test_every_choice_of_rcs_names_its_section(self) -> None:
        """Each key that rcs sets stands under a section of RCC.10."""
        for path, said in meanings("rcs").items():
            if path in {key.path for key in keys()}:
                self.assertTrue(said.text, path)
                self.assertTrue(said.sections, path)

    def test_profiles_hold_no_contradiction(self) -> None:
        """What is shipped can be meant together."""
        for name in PROFILES:
            self.assertEqual({}, contradictions(profile(name)), name)


class Places(SynchronousTestCase):
    def test_every_place_has_a_key(self) -> None:
        """Each place of the TS that leaves a choice is answered by keys there are."""
        known = {key.path for key in keys()}
        for place, names in PLACES.items():
            self.assertTrue(names, place)
            for name in names:
                self.assertTrue(name in known or name.startswith("["), name)

    def test_every_key_has_a_place(self) -> None:
        """Each key answers a place of the TS, or is known to go beyond it."""
        named = {name for names in PLACES.values() for name in names}
        self.assertEqual(
            {key.path for key in keys()}, BEYOND | {n for n in named if "[" not in n}
        )
        self.assertEqual(set(), BEYOND & named)
