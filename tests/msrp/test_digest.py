"""Digest towards a relay: examples of the RFCs, and challenges that are wrong."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from cpmgw.msrp.digest import Challenge, authorization, choose

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
MUFASA = (
    'realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    f'nonce="{NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def answered(challenge: Challenge | None, cnonce: str) -> str:
    """The answer of the user of RFC 7616 3.9.1."""
    assert challenge is not None
    return authorization(
        challenge,
        username="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce=cnonce,
    )


class Answers(SynchronousTestCase):
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

    def test_examples(self) -> None:
        """The responses are those of RFC 7616 3.9.1."""
        for algorithm, response in (
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ):
            text = answered(choose([f"Digest {MUFASA.format(algorithm)}"]), self.cnonce)
            self.assertIn(f'response="{response}"', text)
            for part in (
                'username="Mufasa"',
                'realm="http-auth@example.org"',
                'uri="/dir/index.html"',
                f"algorithm={algorithm}",
                "qop=auth, nc=00000001",
                f'cnonce="{self.cnonce}"',
                'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
            ):
                self.assertIn(part, text)

    def test_without_qop(self) -> None:
        """A challenge without qop is answered as RFC 2069 has it (example of 2.4)."""
        challenge = choose(
            [
                'Digest realm="testrealm@host.com", '
                'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
            ]
        )
        assert challenge is not None
        text = authorization(
            challenge,
            username="Mufasa",
            password="CircleOfLife",
            method="GET",
            uri="/dir/index.html",
            cnonce="x",
        )
        self.assertIn('response="1949323746fe6a43ef61f9606e7febea"', text)
        self.assertNotIn("qop", text)
        self.assertNotIn("cnonce", text)

    def test_sess(self) -> None:
        """With "-sess" the nonces are part of the secret (RFC 7616 3.4.2)."""
        plain = answered(choose([f"Digest {MUFASA.format('MD5')}"]), self.cnonce)
        text = answered(choose([f"Digest {MUFASA.format('MD5-sess')}"]), self.cnonce)
        self.assertIn('response="e783283f46242139c486a698fec7211d"', text)
        self.assertNotEqual(plain, text)

    def test_quotes(self) -> None:
        """Quotes and backslashes are carried."""
        challenge = choose(['Digest realm="a\\"b\\\\c", nonce="n"'])
        assert challenge is not None
        self.assertEqual(challenge.realm, 'a"b\\c')
        self.assertIn('realm="a\\"b\\\\c"', answered(challenge, "x"))


class Challenges(SynchronousTestCase):
    def test_strongest(self) -> None:
        """The strongest that can be answered is chosen (RFC 8760 2.4)."""
        given_ = [
            'Digest realm="r", nonce="1", algorithm=MD5',
            'Basic realm="r"',
            'Digest realm="r", nonce="2", algorithm=SHA-512-256',
            'digest realm="r",nonce="3",algorithm=sha-256, stale=TRUE',
        ]
        chosen = choose(given_)
        assert chosen is not None
        self.assertEqual((chosen.nonce, chosen.algorithm), ("3", "SHA-256"))
        self.assertTrue(chosen.stale)

    def test_none(self) -> None:
        """What is malformed, or asks for what we cannot do, is passed over."""
        for text in (
            "",
            "Digest",
            'Basic realm="r"',
            'Digest realm="r"',
            'Digest nonce="n"',
            'Digest realm="r", nonce="n", qop="auth-int"',
            'Digest realm="r", nonce="n", algorithm=X',
            'Digest realm="r", nonce="n',
            'Digest realm="r", nonce="n", realm="r"',
            'Digest realm="r", nonce="n",,',
            'Digest realm="r" nonce="n"',
            'Digest realm="r", nonce="n"' + ', x="y"' * 32,
        ):
            self.assertIsNone(choose([text]), text)

    def test_most(self) -> None:
        """A challenge has at most so many parameters."""
        names = ", ".join(f"x{number}=y" for number in range(30))
        self.assertIsNotNone(choose([f'Digest realm="r", nonce="n", {names}']))
        self.assertIsNone(choose([f'Digest realm="r", nonce="n", {names}, z=y']))

    @given(st.text(max_size=100))
    def test_any_text(self, text: str) -> None:
        """Whatever a relay sends, it is a challenge or none."""
        choose([text, f"Digest {text}"])
