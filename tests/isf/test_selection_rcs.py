"""The selection under the profile rcs (GSMA RCC.10 5.1)."""

from __future__ import annotations

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.isf.findings import Selection
from cpmgw.isf.request import CpmRequest
from cpmgw.isf.selection import Known, select
from cpmgw.iwf.capabilities import Capabilities, Characteristics, Kind
from tests.isf.requests import ALL, IMAGE, MIXED, PLAIN, RCS, request, text_of_size


class Endorsement(SynchronousTestCase):
    """What GSMA RCC.10 makes of it."""

    def chosen(self, wanted: CpmRequest, *iwfs: Capabilities) -> Selection:
        """What is selected under the profile rcs."""
        return select(wanted, iwfs or ALL, RCS)

    def test_text_goes_by_sms(self) -> None:
        """Text alone goes by SMS up to the limit. [RCC.10 5.1 step 5]"""
        small = msgspec.structs.replace(RCS, text_size_limit=160)
        for size, chosen in ((160, "SMS"), (161, "MMS")):
            wanted = request(characteristics=text_of_size(size))
            self.assertEqual(select(wanted, ALL, small).chosen, chosen)

    def test_all_else_goes_by_mms(self) -> None:
        """Any other standalone message goes by MMS. [RCC.10 5.1 step 5]"""
        for content in (IMAGE, MIXED):
            selection = self.chosen(request(characteristics=content))
            self.assertEqual(selection.candidates, ("MMS",))

    def test_sessions_go_by_sms(self) -> None:
        """MMS is excluded for sessions. [RCC.10 5.1 step 1] [RCC.10 5.1 step 2]"""
        selection = self.chosen(request(kind=Kind.SESSION))
        self.assertEqual(selection.candidates, ("SMS",))
        self.assertEqual(selection.excluded["MMS"].step, "1")

    def test_what_is_not_interworked(self) -> None:
        """No files, groups, e-mail, sessions at the originating side: 488."""
        for wanted in (
            request(kind=Kind.FILE, characteristics=IMAGE),
            request(kind=Kind.GROUP),
            request(kind=Kind.SESSION, terminating=False),
            request(target="", target_scheme="mailto"),
        ):
            with self.subTest(wanted.kind):
                self.assertEqual(self.chosen(wanted).candidates, ())
        file = self.chosen(request(kind=Kind.FILE, characteristics=IMAGE))
        self.assertEqual(file.refusal.status, 488)

    def test_originator_without_a_number(self) -> None:
        """Who has no E.164 number is refused with 488."""
        selection = self.chosen(request(originator=""))
        self.assertEqual((selection.chosen, selection.refusal.status), ("", 488))

    def test_several_streams(self) -> None:
        """A session with several media streams is refused."""
        content = Characteristics(content_types=("text/plain",), streams=2)
        wanted = request(kind=Kind.SESSION, characteristics=content)
        self.assertEqual(self.chosen(wanted).refusal.status, 488)

    def test_identifier_is_ignored(self) -> None:
        """The address never selects the service. [RCC.10 5.1 step 6]"""
        self.assertEqual(self.chosen(request(nccsid="MMS")).chosen, "SMS")

    def test_preferences_are_ignored(self) -> None:
        """Preferences in the XDMS are not looked at."""
        known = Known(preference=("MMS",))
        self.assertEqual(select(PLAIN, ALL, RCS, known).chosen, "SMS")
