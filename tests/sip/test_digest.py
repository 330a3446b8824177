"""Digest: the RFCs' vectors, both sides, nonces and their counts (RFC 7616, 8760)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.sip.credentials import MAX_PARAMETERS
from cpmgw.sip.digest import (
    Account,
    Challenge,
    Credentials,
    Verdict,
    Verifier,
    answer,
    authorized,
    choose,
    parse_challenge,
    parse_credentials,
    response_of,
    secret_of,
)
from cpmgw.sip.errors import SipSyntaxError
from cpmgw.sip.message import Request, respond
from cpmgw.sip.nonce import Freshness, Nonces
from tests.sip.test_message import sample

REALM = "ims.example.net"
ADA = Account("ada", 'se:cret "ü"')
LINE = st.text(
    st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=12
)


class VectorTests(SynchronousTestCase):
    def vector(self, algorithm: str) -> str:
        challenge = Challenge(
            realm="http-auth@example.org",
            nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            algorithm=algorithm,
            qop=("auth", "auth-int"),
            opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
        )
        return answer(
            challenge,
            Account("Mufasa", "Circle of Life"),
            method="GET",
            uri="/dir/index.html",
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        ).response

    def test_rfc_7616_md5(self) -> None:
        """The MD5 example (RFC 7616 3.9.1)."""
        self.assertEqual(self.vector("MD5"), "8ca523f5e9506fed4657c9700eebdbec")

    def test_rfc_7616_sha_256(self) -> None:
        """The SHA-256 example (RFC 7616 3.9.1)."""
        self.assertEqual(
            self.vector("SHA-256"),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        )

    def test_rfc_2617(self) -> None:
        """The example that HTTP and SIP stacks were tested with (RFC 2617 3.5)."""
        credentials = Credentials(
            username="Mufasa",
            realm="testrealm@host.com",
            nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
            uri="/dir/index.html",
            response="",
            qop="auth",
            nc="00000001",
            cnonce="0a4f113b",
        )
        secret = secret_of("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life")
        self.assertEqual(secret, "939e7578ed9e3c518a452acee763bce9")
        self.assertEqual(
            response_of(credentials, "GET", secret), "6629fae49393a05397450978507c4ef1"
        )

    def test_rfc_2069(self) -> None:
        """Without qop, the example as its erratum has it (RFC 2069 2.4)."""
        challenge = Challenge(
            realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"
        )
        credentials = answer(
            challenge,
            Account("Mufasa", "CircleOfLife"),
            method="GET",
            uri="/dir/index.html",
            cnonce="unused",
        )
        self.assertEqual(credentials.response, "1949323746fe6a43ef61f9606e7febea")
        self.assertIsNone(credentials.qop)
        self.assertNotIn("cnonce", str(credentials))
        self.assertNotIn("nc=", str(credentials))

    def test_session_form(self) -> None:
        """MD5-sess mixes nonce and cnonce into the secret (RFC 7616 3.4.2)."""
        plain = self.vector("MD5")
        self.assertNotEqual(self.vector("MD5-sess"), plain)
        self.assertEqual(len(self.vector("SHA-256-sess")), 64)


class ReadingTests(SynchronousTestCase):
    def test_challenge(self) -> None:
        """Order, case and space are free (RFC 3261 25.1)."""
        challenge = parse_challenge(
            'DIGEST  NONCE = "a\\"b" ,realm="r, s",QOP="auth-int , AUTH",'
            'algorithm=sha-256,stale=TRUE, opaque="", domain="sip:x", new=1'
        )
        self.assertEqual(
            challenge,
            Challenge(
                realm="r, s",
                nonce='a"b',
                algorithm="SHA-256",
                qop=("auth-int", "auth"),
                opaque="",
                stale=True,
            ),
        )

    def test_other_schemes(self) -> None:
        """What is not Digest is not ours to read (RFC 4475 3.3.7)."""
        self.assertIsNone(parse_challenge('Basic realm="x"'))
        self.assertIsNone(parse_credentials("Bearer abc"))
        self.assertIsNone(parse_credentials(""))

    def test_refused(self) -> None:
        """Each broken form is a SipSyntaxError."""
        for text in (
            "Digest",
            "Digest x",
            'Digest realm="a"',
            'Digest realm="a, nonce="b"',
            'Digest realm="a" nonce="b"',
            'Digest realm="a", realm="b", nonce="c"',
            'Digest realm="a", nonce=',
        ):
            self.assertRaises(SipSyntaxError, parse_challenge, text)
        self.assertRaises(SipSyntaxError, parse_credentials, 'Digest realm="a",nonce=b')

    def test_number_of_parameters(self) -> None:
        """The number of parameters is limited: at it and one past it."""
        more = ", ".join(f"x{at}=1" for at in range(MAX_PARAMETERS - 2))
        at_limit = f'Digest realm="a", nonce="b", {more}'
        self.assertIsNotNone(parse_challenge(at_limit))
        self.assertRaises(SipSyntaxError, parse_challenge, at_limit + ", y=1")

    @given(LINE, LINE, LINE, st.booleans(), st.none() | LINE)
    @settings(deadline=None, max_examples=60)
    def test_round_trip(
        self, realm: str, nonce: str, name: str, qop: bool, opaque: str | None
    ) -> None:
        """Challenges and credentials come back as they were."""
        challenge = Challenge(
            realm=realm, nonce=nonce, qop=("auth",) if qop else (), opaque=opaque
        )
        self.assertEqual(parse_challenge(str(challenge)), challenge)
        credentials = answer(
            challenge, Account(name, "p"), method="M", uri="sip:x", cnonce="c"
        )
        self.assertEqual(parse_credentials(str(credentials)), credentials)


class VerifierTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.verifier = Verifier(
            REALM, b"k" * 32, {"ada": ADA.password}, lifetime=60.0, capacity=3
        )

    def attempt(
        self,
        *,
        now: float = 1000.0,
        account: Account = ADA,
        which: int = 0,
        count: int = 1,
        method: str = "MESSAGE",
        challenges: tuple[str, ...] | None = None,
    ) -> Request:
        """A request that answers one of the verifier's challenges."""
        challenges = challenges or self.verifier.challenges(now)
        challenge = parse_challenge(challenges[which])
        assert challenge is not None
        credentials = answer(
            challenge, account, method=method, uri="sip:x", cnonce="c", count=count
        )
        return sample(Authorization=str(credentials))

    def verdict(self, request: Request, now: float = 1001.0) -> Verdict:
        return self.verifier.verify(request, now)[0]

    def test_challenges(self) -> None:
        """SHA-256 first, then MD5, with qop auth and one nonce (RFC 8760 2.3)."""
        first, second = map(parse_challenge, self.verifier.challenges(1000.0))
        assert first is not None
        assert second is not None
        self.assertEqual((first.algorithm, second.algorithm), ("SHA-256", "MD5"))
        self.assertEqual(first.qop, ("auth",))
        self.assertEqual(first.nonce, second.nonce)
        self.assertFalse(first.stale)
        stale = self.verifier.challenges(1000.0, stale=True)[0]
        self.assertIn("stale=true", stale)
        self.assertNotIn(first.nonce, stale)

    def test_accepted(self) -> None:
        """Either algorithm's right answer names the user."""
        for which in (0, 1):
            request = self.attempt(which=which)
            self.assertEqual(
                self.verifier.verify(request, 1001.0), (Verdict.ACCEPTED, "ada")
            )

    def test_proxy_authorization(self) -> None:
        """The same with a proxy's header (RFC 3261 22.3)."""
        request = self.attempt()
        value = request.headers.get("Authorization") or ""
        request = sample(Proxy_Authorization=value)
        self.assertEqual(self.verdict(request), Verdict.ABSENT)
        verdict, _ = self.verifier.verify(request, 1001.0, "Proxy-Authorization")
        self.assertEqual(verdict, Verdict.ACCEPTED)

    def test_absent(self) -> None:
        """No credentials, of another scheme, or for another realm."""
        other = str(Challenge(realm="other", nonce="n", qop=("auth",)))
        for request in (
            sample(),
            sample(Authorization="NoOneKnowsThisScheme a=b"),
            self.attempt(challenges=(other,)),
        ):
            self.assertEqual(self.verdict(request), Verdict.ABSENT)

    def test_denied(self) -> None:
        """Wrong password, user or method; no qop; another qop or algorithm."""
        (asked, _) = self.verifier.challenges(1000.0)
        for request in (
            self.attempt(account=Account("ada", "wrong")),
            self.attempt(account=Account("eve", ADA.password)),
            self.attempt(method="INVITE"),
            self.attempt(challenges=(asked.replace('qop="auth"', "x=y"),)),
            self.attempt(challenges=(asked.replace("SHA-256", "SHA-256-sess"),)),
            self.attempt(challenges=(asked.replace("SHA-256", "SHA-512-256"),)),
        ):
            self.assertEqual(self.verdict(request), Verdict.DENIED)
        good = self.attempt().headers.get("Authorization") or ""
        for old, new in (
            ("qop=auth", "qop=auth-int"),
            ("nc=00000001", "nc=1"),
            ("nc=00000001", "nc=0000000x"),
            ('response="', 'response="é'),
        ):
            request = sample(Authorization=good.replace(old, new))
            self.assertEqual(self.verdict(request), Verdict.DENIED, new)

    def test_malformed(self) -> None:
        """Credentials that break the grammar are a 400."""
        request = sample(Authorization="Digest realm")
        self.assertRaises(SipSyntaxError, self.verifier.verify, request, 1.0)

    def test_lifetime(self) -> None:
        """A nonce is good to the end of its lifetime, then stale (RFC 7616 3.3)."""
        request = self.attempt(now=1000.0)
        self.assertEqual(self.verdict(request, 1060.0), Verdict.ACCEPTED)
        request = self.attempt(now=1000.0, count=2)
        self.assertEqual(self.verdict(request, 1060.01), Verdict.STALE)

    def test_forged_nonce(self) -> None:
        """Who knows the password but not our nonce gets a new one, stale."""
        for nonce in ("", "0" * 56, "ü" * 56, "x"):
            other = str(Challenge(realm=REALM, nonce=nonce, qop=("auth",)))
            request = self.attempt(challenges=(other,))
            self.assertEqual(self.verdict(request), Verdict.STALE, nonce)

    def test_replay(self) -> None:
        """A count is good once (RFC 7616 3.4.5)."""
        asked = self.verifier.challenges(1000.0)
        request = self.attempt(challenges=asked)
        self.assertEqual(self.verdict(request), Verdict.ACCEPTED)
        self.assertEqual(self.verdict(request), Verdict.STALE)
        second = self.attempt(challenges=asked, count=2)
        self.assertEqual(self.verdict(second), Verdict.ACCEPTED)


class NonceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.nonces = Nonces(b"secret", lifetime=10.0, capacity=2)

    def test_counts_out_of_order(self) -> None:
        """Datagrams overtake each other: 64 counts are remembered."""
        nonce = self.nonces.issue(0.0)

        def use(count: int) -> Freshness:
            return self.nonces.use(nonce, count, 1.0)

        for count in (3, 1, 2, 100, 37):
            self.assertEqual(use(count), Freshness.FRESH, count)
        for count in (3, 100, 37, 36, 0):
            self.assertEqual(use(count), Freshness.REPLAYED, count)
        self.assertEqual(use(2**32 - 1), Freshness.FRESH)
        self.assertEqual(use(101), Freshness.REPLAYED)

    def test_capacity(self) -> None:
        """At the capacity nothing is lost; past it, the dropped one is stale."""
        first, second, third = [self.nonces.issue(0.0) for _ in range(3)]
        for nonce in (first, second):
            self.assertEqual(self.nonces.use(nonce, 1, 0.0), Freshness.FRESH)
        self.assertEqual(self.nonces.use(first, 2, 0.0), Freshness.FRESH)
        self.assertEqual(self.nonces.use(third, 1, 0.0), Freshness.FRESH)
        self.assertEqual(self.nonces.use(first, 3, 0.0), Freshness.STALE)
        self.assertEqual(self.nonces.use(first, 1, 0.0), Freshness.STALE)
        self.assertEqual(self.nonces.use(second, 2, 0.0), Freshness.FRESH)

    def test_an_old_nonce_does_not_come_back(self) -> None:
        """One that was never counted and lies before a dropped one is stale."""
        unused, *others = [self.nonces.issue(0.0) for _ in range(4)]
        for nonce in others:
            self.assertEqual(self.nonces.use(nonce, 1, 0.0), Freshness.FRESH)
        self.assertEqual(self.nonces.use(unused, 1, 0.0), Freshness.STALE)

    def test_a_first_use_out_of_order(self) -> None:
        """What makes room for a nonce never lets an older one in."""
        first, second, third = [self.nonces.issue(0.0) for _ in range(3)]
        for nonce in (second, third):
            self.assertEqual(self.nonces.use(nonce, 1, 0.0), Freshness.FRESH)
        for _ in range(2):
            self.assertEqual(self.nonces.use(first, 1, 0.0), Freshness.STALE)
        self.assertEqual(self.nonces.use(third, 2, 0.0), Freshness.FRESH)

    def test_secrets_differ(self) -> None:
        """A nonce made with another secret is a forgery."""
        other = Nonces(b"other", lifetime=10.0, capacity=2).issue(0.0)
        self.assertEqual(self.nonces.check(other, 0.0), Freshness.FORGED)
        mine = self.nonces.issue(0.0)
        self.assertEqual(self.nonces.check(mine, 0.0), Freshness.FRESH)
        for at in range(len(mine)):
            changed = mine[:at] + ("0" if mine[at] != "0" else "1") + mine[at + 1 :]
            self.assertEqual(self.nonces.check(changed, 0.0), Freshness.FORGED)


class ClientTests(SynchronousTestCase):
    def challenge(self, algorithm: str, qop: tuple[str, ...] = ("auth",)) -> str:
        return str(Challenge(realm=REALM, nonce="n", algorithm=algorithm, qop=qop))

    def chosen(self, *challenges: str) -> str | None:
        challenge = choose(challenges)
        return challenge.algorithm if challenge else None

    def test_the_strongest_is_chosen(self) -> None:
        """SHA-256 before MD5, wherever it stands (RFC 8760 2.4)."""
        md5, sha = self.challenge("MD5"), self.challenge("SHA-256")
        self.assertEqual(self.chosen(md5, sha), "SHA-256")
        self.assertEqual(self.chosen(sha, md5), "SHA-256")
        self.assertEqual(self.chosen(md5), "MD5")

    def test_what_cannot_be_answered_is_passed_over(self) -> None:
        """Unknown algorithms, auth-int alone, other schemes, broken values."""
        odd = (
            self.challenge("SHA-512-256"),
            self.challenge("SHA-256", ("auth-int",)),
            "Basic realm=x",
            "Digest broken",
        )
        self.assertIsNone(self.chosen(*odd))
        self.assertEqual(self.chosen(*odd, self.challenge("MD5", ())), "MD5")
        self.assertIsNone(self.chosen())

    def test_authorized(self) -> None:
        """The request goes again with credentials that the verifier takes (22.2)."""
        verifier = Verifier(REALM, b"k", {"ada": ADA.password})
        for status, asked, answered in (
            (401, "WWW-Authenticate", "Authorization"),
            (407, "Proxy-Authenticate", "Proxy-Authorization"),
        ):
            challenges = [(asked, value) for value in verifier.challenges(0.0)]
            response = respond(sample(), status, headers=challenges)
            request = authorized(sample(), response, ADA, cnonce="c")
            assert request is not None
            self.assertEqual(request.cseq.number, 2)
            self.assertEqual(request.body, sample().body)
            self.assertEqual(
                verifier.verify(request, 1.0, answered), (Verdict.ACCEPTED, "ada")
            )
            self.assertIsNone(authorized(request, response, ADA, cnonce="c"))
            stale = [(asked, value) for value in verifier.challenges(0.0, stale=True)]
            response = respond(request, status, headers=stale)
            again = authorized(request, response, ADA, cnonce="d")
            assert again is not None
            self.assertEqual(len(again.headers.raw(answered)), 1)
            self.assertEqual(
                verifier.verify(again, 1.0, answered), (Verdict.ACCEPTED, "ada")
            )

    def test_not_a_challenge(self) -> None:
        """Without a challenge there is nothing to answer."""
        for status in (200, 401, 403, 407):
            response = respond(sample(), status)
            self.assertIsNone(authorized(sample(), response, ADA, cnonce="c"))

    def test_credentials_of_other_realms_stay(self) -> None:
        """A proxy's credentials are not disturbed by another's (RFC 3261 22.3)."""
        other = answer(
            Challenge(realm="other", nonce="n"), ADA, method="M", uri="x", cnonce="c"
        )
        request = sample(Authorization=str(other))
        verifier = Verifier(REALM, b"k", {"ada": ADA.password})
        challenges = [("WWW-Authenticate", verifier.challenges(0.0)[0])]
        again = authorized(
            request, respond(request, 401, headers=challenges), ADA, cnonce="c"
        )
        assert again is not None
        self.assertEqual(len(again.headers.raw("Authorization")), 2)
        self.assertEqual(verifier.verify(again, 0.0)[0], Verdict.ACCEPTED)
