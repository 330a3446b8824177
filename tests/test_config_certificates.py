"""The PEM files that a configuration names: of no use is told as not there is."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from twisted.trial.unittest import SynchronousTestCase

from tests.live.certificates import write_certificate
from tests.test_config import faults_of, least


class Certificates(SynchronousTestCase):
    def setUp(self) -> None:
        self.key, self.certificate = self.pair()
        self.other_key, _ = self.pair()
        self.nothing = self.written(b"x = 1\n")

    def pair(self) -> tuple[Path, Path]:
        """The files of a key and of its certificate."""
        key, certificate = Path(self.mktemp()), Path(self.mktemp())
        write_certificate(key, certificate)
        return key, certificate

    def written(self, octets: bytes) -> Path:
        """A file that holds these."""
        path = Path(self.mktemp())
        path.write_bytes(octets)
        return path

    def assert_faults(self, text: str, *expected: str) -> None:
        """The faults of a configuration."""
        self.assertEqual(faults_of(text), expected)

    def test_authorities(self) -> None:
        """Each file of authorities holds certificates, and each of them can be read."""
        more = self.written(self.certificate.read_bytes() * 2)
        broken = self.written(
            self.certificate.read_bytes() + b"-----BEGIN CERTIFICATE-----\nx\n"
        )
        for section, key, form in (
            ("xdms", "trust_roots", '["{}"]'),
            ("sip.connection", "trust_roots", '["{}"]'),
            ("smsc.tls", "authority", '"{}"'),
        ):
            path = f"{section.replace('smsc', 'smsc[0]')}.{key}"
            for file, said in (
                (self.certificate, ""),
                (more, ""),
                (self.nothing, "no certificate"),
                (broken, "a certificate in it cannot be read"),
                ("/nowhere", "No such file or directory"),
            ):
                text = least() + f"[{section}]\n{key} = {form.format(file)}\n"
                expected = [f"{path}: {file}: {said}"] if said else []
                self.assert_faults(text, *expected)

    def test_identity_towards_an_smsc(self) -> None:
        """A certificate has its key, in its own file or in another."""
        both = self.written(self.certificate.read_bytes() + self.key.read_bytes())
        at = "smsc[0].tls.certificate: "
        for certificate, key, *expected in (
            (self.certificate, self.key),
            (both, ""),
            (self.nothing, self.key, f"{at}{self.nothing}: no certificate that can be"),
            (
                self.certificate,
                self.nothing,
                f"{at}{self.nothing}: no private key that can be",
            ),
            (
                self.certificate,
                "",
                f"{at}{self.certificate}: no private key that can be",
            ),
            (
                self.certificate,
                self.other_key,
                f"{at}{self.certificate}: cannot be shown: key values mismatch",
            ),
        ):
            lines = f'[smsc.tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
            self.assert_begin(faults_of(least(smsc=lines)), *expected)

    def test_passphrase(self) -> None:
        """A key that asks for a passphrase is of no use: nobody would type it."""
        key = serialization.load_pem_private_key(self.key.read_bytes(), None)
        locked = self.written(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"sesame"),
            )
        )
        lines = f'[smsc.tls]\ncertificate = "{self.certificate}"\nkey = "{locked}"\n'
        at = "smsc[0].tls.certificate: "
        self.assert_begin(
            faults_of(least(smsc=lines)), f"{at}{locked}: no private key that can be"
        )

    def test_listeners(self) -> None:
        """A listener for TLS has a key, its certificate and those between."""
        place = "tls:5061:interface=127.0.0.1:privateKey={}:certKey={}{}"
        at = "sip.listen: "
        for key, certificate, more, *expected in (
            (self.key, self.certificate, ""),
            (self.key, self.certificate, f":extraCertChain={self.certificate}"),
            (self.nothing, self.certificate, "", f"{at}{self.nothing}: no private key"),
            (
                self.key,
                self.certificate,
                f":extraCertChain={self.nothing}",
                f"{at}{self.nothing}: no certificate",
            ),
        ):
            listen = place.format(key, certificate, more)
            found = faults_of(least(sip=f'listen = ["{listen}"]'))
            self.assert_begin(found, *expected)

    def assert_begin(self, found: tuple[str, ...], *expected: str) -> None:
        """There are as many, and each begins so."""
        self.assertEqual(len(found), len(expected), found)
        for fault, beginning in zip(found, expected, strict=True):
            self.assertTrue(fault.startswith(beginning), (fault, beginning))
