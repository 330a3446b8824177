"""`cpmgw explain --request`: requests as they come from a network, or nearly so."""

from __future__ import annotations

import gzip
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from cpmgw.cli.asking import network_form
from tests.cli.case import (
    ALICE,
    ALL,
    BOB,
    POOL,
    SMS_ONLY,
    CommandCase,
    file_transfer,
    invite,
    large_message,
    message,
    profile,
)

GROUP: Final = (
    "Contact: <sip:group@example.net>;isfocus",
    "Conversation-ID: c-1",
    "Contribution-ID: t-1",
)
CAPABLE: Final = ALL + POOL


class Files(CommandCase):
    def of(self, octets: bytes, config: str = ALL) -> dict[str, Any]:
        """The document of a request in a file."""
        return self.document("--request", self.written(octets), config=config)

    def refusal(self, octets: bytes, config: str = ALL) -> tuple[int, str, str]:
        """Status, section and cause of a request that is refused."""
        path = self.written(octets)
        result = self.explained("--request", path, config=config)
        self.assertEqual(result.exit_code, 1)
        self.assertIn("It is refused: ", result.stdout)
        found = self.of(octets, config)["refusal"]
        return found["status"], found["section"], found["cause"]

    def test_message(self) -> None:
        """A MESSAGE with CPIM goes by SMS, and is told of in full."""
        document = self.of(message())
        self.assertEqual(document["chosen"], "SMS")
        request = document["request"]
        self.assertEqual(request["kind"], "pager")
        self.assertEqual((request["originator"], request["target"]), (ALICE, BOB))
        self.assertEqual(
            (request["content_types"], request["size"]), (["text/plain"], 5)
        )

    def test_picture(self) -> None:
        """A picture in it does not."""
        picture = message(content_type="image/png", content=b"\x89PNG")
        self.assertEqual(self.of(picture)["chosen"], "mms-1")
        refused = self.refusal(picture, SMS_ONLY)
        self.assertEqual(refused, (415, "TS 5.1 step 5", "content"))

    def test_standard_input(self) -> None:
        """- is the standard input."""
        document = self.document("--request", "-", octets=message())
        self.assertEqual(document["chosen"], "SMS")

    def test_invites(self) -> None:
        """Sessions, large messages and files, by their offers."""
        for octets, kind, types in (
            (invite(), "session", ["text/plain"]),
            (large_message(), "large", ["text/plain", "image/jpeg"]),
            (file_transfer(), "file", ["image/jpeg"]),
        ):
            with self.subTest(kind):
                document = self.of(octets)
                self.assertEqual(document["chosen"], "mms-1")
                self.assertEqual(document["request"]["kind"], kind)
                self.assertEqual(
                    document["request"]["content_types"][: len(types)], types
                )

    def test_group(self) -> None:
        """A session with a group needs a pool, and what names the group (7a)."""
        document = self.of(invite(more=GROUP), CAPABLE)
        self.assertEqual(document["chosen"], "mms-1")
        self.assertEqual(document["next"]["number_pools"], ["groups"])
        self.assertEqual(
            self.refusal(invite(more=GROUP)), (488, "TS 5.1 step 8", "no-number-pool")
        )
        nameless = self.refusal(invite(more=GROUP[:1]), CAPABLE)
        self.assertEqual(nameless, (400, "conversation TS 5.3", "unreadable"))

    def test_side_of_the_served_user(self) -> None:
        """The side that a request names counts, unless another one is told."""
        octets = invite(more=(f"P-Served-User: <tel:{ALICE}>;sescase=orig",))
        self.assertEqual(self.of(octets)["request"]["network"], "originating")
        path = self.written(octets)
        document = self.document("--request", path, "--network", "terminating")
        self.assertEqual(document["request"]["network"], "terminating")

    def test_what_is_refused_before_the_choice(self) -> None:
        """What cannot be read is refused as the gateway does, and has no steps."""
        no_tag = frozenset({"Accept-Contact"})
        for what, octets, expected in (
            ("no feature", message(without=no_tag), (488, "TS 6.1", "no-feature")),
            ("no CPIM", message(body=b"no CPIM"), (400, "TS 6.1.1", "unreadable")),
            (
                "no offer",
                invite().replace(b"application/sdp", b"text/plain"),
                (488, "TS 6.1.4 step 1", "no-offer"),
            ),
            ("a broken offer", invite("v=1\n"), (400, "TS 6.1.4 step 1", "offer")),
            ("a broken line", b"MESSAGE\r\n\r\n", (400, "RFC 3261 21.4", "")),
            (
                "no Via",
                message().replace(b"Via:", b"X-Via:"),
                (400, "RFC 3261 21.4", ""),
            ),
            (
                "another version",
                message().replace(b"SIP/2.0\r", b"SIP/3.0\r"),
                (505, "RFC 3261 21.5", ""),
            ),
            ("a short body", message()[:-3], (400, "RFC 3261 21.4", "")),
            (
                "another coding",
                message(headers=(("Content-Encoding", "x"),)),
                (415, "RFC 3261 21.4.13", "content-encoding"),
            ),
        ):
            with self.subTest(what):
                self.assertEqual(self.refusal(octets), expected)
                document = self.of(octets)
                self.assertEqual((document["request"], document["steps"]), (None, []))

    def test_warning(self) -> None:
        """Its Warning stands there as the gateway gives it."""
        path = self.written(message(without=frozenset({"Accept-Contact"})))
        text = self.explained("--request", path).stdout
        self.assertIn(
            'Warning: 399 ims.example.net "127 no feature tag of a pager mode message"',
            text,
        )
        self.assertIn("asked for by TS 6.1\n", text)
        self.assertIn("counted as no-feature\n", text)

    def test_policy_of_reading(self) -> None:
        """It is read by the policy of the configuration."""
        untagged = message(without=frozenset({"Accept-Contact"}))
        config = ALL + "[policy]\nuntagged_as_pager = true\n"
        self.assertEqual(self.of(untagged, config)["chosen"], "SMS")

    def test_compressed_body(self) -> None:
        """A Content-Encoding is undone as the gateway does (RFC 3261 7.4.1)."""
        plain = message()
        head, _, body = plain.partition(b"\r\n\r\n")
        packed = gzip.compress(body)
        length = f"Content-Length: {len(body)}".encode()
        head = head.replace(length, b"Content-Length: %d" % len(packed))
        octets = head + b"\r\nContent-Encoding: gzip\r\n\r\n" + packed
        self.assertEqual(self.of(octets)["request"], self.of(plain)["request"])

    def test_limits(self) -> None:
        """A message of as many octets as may be is read, one of more is a 513."""
        octets = message()
        for limit, chosen in ((len(octets), "SMS"), (len(octets) - 1, "")):
            with self.subTest(limit):
                limits = f"[sip.limits]\nmax_message = {limit}\nmax_body = {limit}\n"
                document = self.of(octets, ALL + limits)
                self.assertEqual(document["chosen"], chosen)
                if not chosen:
                    self.assertEqual(document["refusal"]["status"], 513)

    def test_line_ends(self) -> None:
        """A file with LF line ends is the same request, whatever its length says."""
        for octets in (message(), invite()):
            edited = octets.replace(b"\r\n", b"\n")
            self.assertEqual(self.of(edited), self.of(octets))
            self.assertEqual(self.of(b"\n" + edited), self.of(octets))

    def test_line_ends_of_a_network(self) -> None:
        """What has CRLF is left as it is, but for empty lines before it."""
        self.assertEqual(network_form(b"A\r\nB\nl: 1\n\n"), b"A\r\nB\nl: 1\n\n")
        self.assertEqual(network_form(b"\r\n\r\nA\r\n"), b"A\r\n")

    def test_line_ends_of_an_editor(self) -> None:
        """Each line gets CRLF, and the length is left out, also in its compact form."""
        for name in (b"Content-Length", b"l", b"CONTENT-LENGTH "):
            octets = b"A\n" + name + b": 1\r\nB: 2\n\nx\ny"
            self.assertEqual(network_form(octets), b"A\r\nB: 2\r\n\r\nx\r\ny")


class NoRequests(CommandCase):
    def mistake(self, octets: bytes) -> str:
        """What is said of a file that holds no request to choose for."""
        result = self.explained("--request", self.written(octets))
        self.assertEqual((result.exit_code, result.stdout), (2, ""))
        return result.stderr

    def test_mistakes(self) -> None:
        """What no service is chosen for is a mistake, and no refusal."""
        response = b"SIP/2.0 200 OK\r\n" + message().partition(b"\r\n")[2]
        for octets, words in (
            (b"", "there is no request in it"),
            (b"\r\n\n", "there is no request in it"),
            (response.replace(b"Accept-Contact", b"X"), "a response"),
            (message().replace(b"MESSAGE", b"OPTIONS"), "not for OPTIONS"),
            (
                invite().replace(
                    f"To: <tel:{BOB}>".encode(), f"To: <tel:{BOB}>;tag=b".encode()
                ),
                "within a dialog",
            ),
        ):
            with self.subTest(words):
                self.assertIn(words, " ".join(self.mistake(octets).split()))


class AnyOctets(CommandCase):
    """Whatever a file holds, there is an answer and no traceback."""

    def setUp(self) -> None:
        self.configs = [self.written(each) for each in (CAPABLE, profile("rcs"))]

    def ends_well(self, octets: bytes) -> None:
        """Explain it as text and as JSON; it is plain ASCII."""
        for config in self.configs:
            for form in ((), ("--json",)):
                result = self.run_command(
                    "explain",
                    "--config",
                    config,
                    "--request",
                    "-",
                    *form,
                    octets=octets,
                )
                self.assertIn(result.exit_code, (0, 1, 2))
                shown = result.stdout.replace("\n", "")
                self.assertTrue(shown.isascii() and shown.isprintable(), shown)

    @settings(max_examples=100, deadline=None)
    @given(st.binary(max_size=200))
    def test_octets(self, octets: bytes) -> None:
        """Octets of any kind."""
        self.ends_well(octets)

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from([message(), invite(), invite(more=GROUP), file_transfer()]),
        st.integers(0, 2_000),
        st.integers(0, 8),
        st.binary(max_size=8),
    )
    def test_spoilt_requests(
        self, octets: bytes, place: int, length: int, instead: bytes
    ) -> None:
        """Requests in which some octets are others."""
        self.ends_well(octets[:place] + instead + octets[place + length :])

    @settings(max_examples=200, deadline=None)
    @given(
        st.sampled_from([message(), invite(), invite(more=GROUP)]),
        st.sampled_from(
            [
                "P-Asserted-Identity",
                "Content-Type",
                "Contact",
                "Route",
                "P-Served-User",
                "Accept-Contact",
                "Content-Encoding",
                "Expires",
                "Privacy",
                "Content-Transfer-Encoding",
            ]
        ),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40),
    )
    def test_odd_headers(self, octets: bytes, name: str, value: str) -> None:
        """Requests with a header field of any value."""
        start, _, rest = octets.partition(b"\r\n")
        line = f"{name}: {value}".encode()
        self.ends_well(start + b"\r\n" + line + b"\r\n" + rest)
