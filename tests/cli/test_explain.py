"""`cpmgw explain`: what is chosen of requests that options tell of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tests.cli.case import (
    ALICE,
    ALL,
    BOB,
    MMS,
    PARTIES,
    POOL,
    SMS_ONLY,
    XDMS,
    CommandCase,
    profile,
)

RCS: Final = profile("rcs")
CAPABLE: Final = ALL + POOL
IMAGE: Final = ("--content-type", "image/png")


class Row(msgspec.Struct, frozen=True):
    """Options beside the parties, and the IWF that is chosen, or the refusal."""

    options: Sequence[str]
    chosen: str = ""
    refusal: tuple[int, str] | None = None
    config: str = ALL


class Choices(CommandCase):
    def run_table(self, rows: Sequence[Row]) -> None:
        """Explain each, and compare the document and the exit status."""
        for row in rows:
            with self.subTest(" ".join(row.options)):
                result = self.explained(
                    *PARTIES, *row.options, "--json", config=row.config
                )
                document = msgspec.json.decode(result.stdout)
                self.assertEqual(document["chosen"], row.chosen)
                refusal = document["refusal"]
                given = refusal and (refusal["status"], refusal["cause"])
                self.assertEqual(given, row.refusal)
                self.assertEqual(result.exit_code, 0 if row.chosen else 1)

    def test_oma(self) -> None:
        """The profile oma: text by SMS, what is more by MMS, by steps 1 to 9."""
        self.run_table(
            [
                Row((), "SMS"),
                Row(("--size", "559"), "SMS"),
                Row(("--size", "560"), "mms-1"),
                Row(IMAGE, "mms-1"),
                Row((*IMAGE, "--content-type", "Text/Plain; charset=utf-8"), "mms-1"),
                Row(("--feature", "large"), "mms-1"),
                Row(("--feature", "file"), "mms-1"),
                Row(("--feature", "session"), "mms-1"),
                Row(
                    ("--feature", "session", "--streams", "9"),
                    "",
                    (488, "too-many-streams"),
                ),
                Row(("--feature", "group"), "", (488, "no-number-pool")),
                Row(("--feature", "group"), "mms-1", config=CAPABLE),
                Row(("--feature", "notification"), "mms-1"),
                Row(("--feature", "notification", "--nccsid", "MMS"), "mms-1"),
                Row(
                    ("--feature", "notification", "--nccsid", "X"),
                    "",
                    (488, "no-such-service"),
                ),
                Row(("--nccsid", "MMS"), "mms-1"),
                Row(IMAGE, "", (415, "content"), SMS_ONLY),
            ]
        )

    def test_rcs(self) -> None:
        """The profile rcs: no files, no groups, no e-mail, no wishes."""
        self.run_table(
            [
                Row((), "SMS", config=RCS),
                Row(IMAGE, "mms-1", config=RCS),
                Row(("--feature", "file"), "", (488, "service-not-allowed"), RCS),
                Row(("--feature", "group"), "", (488, "service-not-allowed"), RCS),
                Row(("--nccsid", "MMS"), "SMS", config=RCS),
                Row(("--prefers", "MMS"), "SMS", config=RCS),
                Row(
                    ("--feature", "session", "--network", "originating"),
                    "",
                    (488, "originating-network"),
                    RCS,
                ),
            ]
        )

    def test_preferences(self) -> None:
        """What the XDMS would say is taken as it would be (step 7)."""
        require = ALL + '[policy.selection]\npreferences = "require"\n'
        refuse = ALL + '[policy.selection]\npreferences_unavailable = "refuse"\n'
        away = ("--preferences-unavailable", "timeout")
        alone = refuse.replace(MMS, "")
        self.run_table(
            [
                Row(("--prefers", "MMS"), "mms-1"),
                Row(("--prefers", "X", "--prefers", "mms"), "mms-1"),
                Row(("--prefers", "X"), "SMS"),
                Row(("--prefers", "X"), "", (488, "not-preferred"), require),
                Row(("--prefers", "MMS", "--network", "originating"), "SMS"),
                Row(away, "SMS"),
                Row(away, "", (480, "preferences-unavailable"), refuse),
                Row(away, "SMS", config=alone),  # nobody is asked
            ]
        )

    def test_tried(self) -> None:
        """After an error another one is chosen, or 488 (steps 11b to 11d)."""
        self.run_table(
            [
                Row(("--tried", "SMS"), "mms-1"),
                Row(
                    ("--tried", "SMS", "--tried", "mms-1"),
                    "",
                    (488, "no-service-left"),
                ),
            ]
        )

    def test_tried_where_none_other_is(self) -> None:
        """Where policy tries no other IWF that is said, and it is no success."""
        result = self.explained(*PARTIES, "--tried", "SMS", config=RCS)
        self.assertEqual(result.exit_code, 1)
        self.assertIn("It would not come to that", result.stdout)
        document = self.document(*PARTIES, "--tried", "SMS", config=RCS)
        self.assertEqual((document["chosen"], document["unreached"]), ("mms-1", True))


class Parties(CommandCase):
    def request(self, *options: str, config: str = ALL) -> dict[str, Any]:
        """The request of a document."""
        made: dict[str, Any] = self.document(*options, config=config)["request"]
        return made

    def test_numbers_and_uris(self) -> None:
        """+ and digits are a tel URI; URIs are read as the gateway does."""
        for text in (
            BOB,
            f"tel:{BOB}",
            f"sip:{BOB}@ims.example.net",
            "tel:+1-514-555-0002",
        ):
            with self.subTest(text):
                request = self.request("--from", ALICE, "--to", text)
                self.assertEqual(request["target"], BOB)
                self.assertEqual(request["originator"], ALICE)

    def test_national_numbers(self) -> None:
        """They are those of the country of the configuration."""
        config = ALL.replace("[gateway]", '[gateway]\ncountry = "CA"')
        local = "tel:5145550102;phone-context=ims.example.net"
        for text, target in ((config, "+15145550102"), (ALL, "")):
            request = self.request("--from", ALICE, "--to", local, config=text)
            self.assertEqual(request["target"], target)

    def test_short_numbers(self) -> None:
        """They are those of the dial plan; of others it is said why not."""
        to = ("--from", ALICE, "--to", "tel:2255;phone-context=ims.example.net")
        listed = ALL + '[dial_plan]\nshort_numbers = ["2255"]\n'
        self.assertEqual(self.request(*to, config=listed)["target"], "2255")
        result = self.explained(*to)
        self.assertEqual(result.exit_code, 1)
        self.assertIn("does not list this short number (404)", result.stdout)

    def test_mailbox(self) -> None:
        """A mail address has no number, and goes by e-mail."""
        document = self.document("--from", ALICE, "--to", "mailto:bob@example.net")
        self.assertEqual(document["chosen"], "mail")
        self.assertEqual(document["request"]["mailbox"], "bob@example.net")
        self.assertEqual(document["request"]["target"], "")

    def test_nccsid_in_the_address(self) -> None:
        """The service that a URI names counts, unless another one is told."""
        to = ("--to", f"tel:{BOB};nccsid=MMS")
        self.assertEqual(self.request("--from", ALICE, *to)["nccsid"], "MMS")
        request = self.request("--from", ALICE, *to, "--nccsid", "SMS")
        self.assertEqual(request["nccsid"], "SMS")

    def test_network(self) -> None:
        """It is the one told, else that of the policy (step 2)."""
        served = ALL + '[policy.selection]\nserved = ["+44"]\n'
        self.assertEqual(self.request(*PARTIES)["network"], "terminating")
        self.assertEqual(
            self.request(*PARTIES, config=served)["network"], "originating"
        )
        for name in ("terminating", "originating"):
            request = self.request(*PARTIES, "--network", name, config=served)
            self.assertEqual(request["network"], name)

    def test_usual_content(self) -> None:
        """What nobody tells of is text, any file, or a notification."""
        for kind, types in (
            ("pager", ["text/plain"]),
            ("large", ["text/plain"]),
            ("file", ["*"]),
            ("session", ["text/plain"]),
            ("group", ["text/plain"]),
            ("notification", ["message/imdn+xml"]),
        ):
            with self.subTest(kind):
                request = self.request(*PARTIES, "--feature", kind)
                self.assertEqual(request["content_types"], types)
                self.assertEqual(request["kind"], kind)


class Next(CommandCase):
    def next(self, *options: str, config: str = ALL) -> dict[str, Any]:
        """What comes of a choice."""
        made: dict[str, Any] = self.document(*PARTIES, *options, config=config)["next"]
        return made

    def test_where(self) -> None:
        """It is handed over in this process, or to the URI of an [[iwf]] (step 10)."""
        self.assertEqual(self.next()["uri"], "")
        uri = "sip:192.0.2.20:5060;transport=tcp"
        self.assertEqual(self.next(*IMAGE)["uri"], uri)
        text = self.explained(*PARTIES, *IMAGE).stdout
        self.assertIn(f"It is handed over to {uri} (step 10).", text)
        text = self.explained(*PARTIES).stdout
        self.assertIn("It is handed over in this process (step 10).", text)

    def test_preferences(self) -> None:
        """Whether the XDMS is asked, and why not (step 7)."""
        asked = ALL + XDMS
        ignore = asked + '[policy.selection]\npreferences = "ignore"\n'
        for options, config, expected, words in (
            ((), asked, "asked", "would be asked first, and its answer may"),
            ((), ALL, "no xdms", "[xdms] has no root"),
            (("--prefers", "SMS"), asked, "supposed", "the one given"),
            ((), SMS_ONLY + XDMS, "no difference", "could change nothing"),
            ((), ignore, "no difference", "could change nothing"),
            (("--network", "originating"), asked, "no difference", "nothing"),
        ):
            with self.subTest(expected):
                found = self.next(*options, config=config)
                self.assertEqual(found["preferences"], expected)
                text = self.explained(*PARTIES, *options, config=config).stdout
                self.assertIn(words, text)

    def test_numbers(self) -> None:
        """A group gets a number from the pools of the service (7a, 8)."""
        group = ("--feature", "group")
        for options, pools in ((group, ["groups"]), ((), None)):
            found = self.next(*options, config=CAPABLE)
            self.assertEqual(found["number_pools"], pools)
        text = self.explained(*PARTIES, *group, config=CAPABLE).stdout
        self.assertIn("gets one of groups", text)
        mail = self.document(
            "--from", ALICE, "--to", "sip:bob@example.net", *group, config=CAPABLE
        )
        self.assertEqual(mail["chosen"], "mail")
        self.assertIsNone(mail["next"]["number_pools"])

    def test_other_services(self) -> None:
        """Which IWFs would be tried after an error, by policy (step 11)."""
        always = SMS_ONLY + '[policy.selection]\nreselection = "always"\n'
        any_error = SMS_ONLY + MMS + "[policy.selection]\nno_reselection = []\n"
        for options, config, reselects, others, words in (
            ((), ALL, True, ["mms-1"], "other than 400, 408"),
            ((), SMS_ONLY, False, [], "An error of it is the answer"),
            ((), always, True, [], "none is left"),
            ((), any_error, True, ["mms-1"], "After an error mms-1 would be tried"),
            ((), RCS, False, ["mms-1"], "An error of it is the answer"),
            (("--feature", "notification"), RCS, False, ["SMS"], "is the answer"),
            (("--tried", "SMS"), SMS_ONLY + MMS, True, [], "none is left"),
        ):
            with self.subTest(words):
                found = self.next(*options, config=config)
                self.assertEqual(found["reselects"], reselects)
                self.assertEqual(found["others"], others)
                text = self.explained(*PARTIES, *options, config=config).stdout
                self.assertIn(words, text)


class Services(CommandCase):
    def test_order(self) -> None:
        """Those of the process come first, then each [[iwf]] as it stands there."""
        swapped = SMS_ONLY + MMS.replace("mms-1", "a-2") + MMS
        names = [
            each["name"] for each in self.document(*PARTIES, config=swapped)["iwfs"]
        ]
        self.assertEqual(names, ["SMS", "a-2", "mms-1"])

    def test_without_sms(self) -> None:
        """Without an SM-SC there is no SMS."""
        config = '[gateway]\ndomain = "ims.example.net"\n' + MMS
        document = self.document(*PARTIES, config=config)
        self.assertEqual([each["name"] for each in document["iwfs"]], ["mms-1"])
