"""The PDUs as values, and the tables about them (SMPP 3.4 section 4)."""

from __future__ import annotations

import ast
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import txsmpp
from tests.txsmpp.samples import BODIES
from txsmpp import pdu
from txsmpp.layout import ROWS
from txsmpp.options import Bind
from txsmpp.status import CommandStatus, status_name

SANS_IO = [
    "address",
    "codec",
    "constants",
    "errors",
    "events",
    "fields",
    "framer",
    "layout",
    "options",
    "outstanding",
    "pacing",
    "pdu",
    "session",
    "state",
    "status",
    "tlv",
]


class TableTests(SynchronousTestCase):
    def test_rows_are_the_fields(self) -> None:
        """The rows of each PDU name its attributes in their order."""
        for kind, rows in ROWS.items():
            names = tuple(name for row in rows for name in row.names)
            self.assertEqual(kind.__struct_fields__[: len(names)], names)
            self.assertEqual(
                set(kind.__struct_fields__[len(names) :])
                - {"sequence_number", "command_status", "tlvs"},
                set(),
            )

    def test_samples_have_every_field(self) -> None:
        """The samples of the other tests set every field of every PDU."""
        for kind, rows in ROWS.items():
            names = {name for row in rows for name in row.names}
            if not issubclass(kind, pdu.Response):
                self.assertEqual(names, set(BODIES[kind]), kind)

    def test_answers_have_the_response_bit(self) -> None:
        """A response's command_id is its request's with the highest bit (5.1.2)."""
        for request, response in pdu.RESPONSES.items():
            self.assertEqual(response.command_id, request.command_id | pdu.RESPONSE_BIT)

    def test_status_names(self) -> None:
        """A status is shown by its name, a vendor's by its value."""
        self.assertEqual(status_name(0x58), "ESME_RTHROTTLED")
        self.assertEqual(status_name(0x401), "0x00000401")
        self.assertEqual(CommandStatus.ESME_RDELIVERYFAILURE, 0xFE)


class AnswerTests(SynchronousTestCase):
    def test_answer(self) -> None:
        """An answer has the sequence number of what it answers (3.2)."""
        request = pdu.SubmitSm(sequence_number=77)
        self.assertEqual(
            pdu.answer(request, message_id="A"),
            pdu.SubmitSmResp(message_id="A", sequence_number=77),
        )
        self.assertEqual(
            pdu.answer(request, 0x58),
            pdu.SubmitSmResp(command_status=0x58, sequence_number=77),
        )

    def test_answer_to_what_has_none(self) -> None:
        """What has no response of its own is answered with generic_nack (4.3)."""
        self.assertEqual(
            pdu.answer(pdu.Outbind(sequence_number=1), 3),
            pdu.GenericNack(command_status=3, sequence_number=1),
        )

    def test_no_password_is_shown(self) -> None:
        """What is printed of a bind does not tell its password."""
        for value in (
            pdu.BindTransceiver("me", "secret"),
            pdu.Outbind("me", "secret"),
            Bind(system_id="me", password="secret"),
        ):
            self.assertNotIn("secret", repr(value))
            self.assertIn("me", repr(value))

    def test_values_do_not_change(self) -> None:
        """A PDU is a value: it cannot be changed, and equal ones are one key."""
        value = pdu.SubmitSm(source_addr="1")
        self.assertRaises(AttributeError, setattr, value, "source_addr", "2")
        self.assertEqual(len({value, pdu.SubmitSm(source_addr="1")}), 1)


class ImportTests(SynchronousTestCase):
    def imported(self, path: Path) -> set[str]:
        """The packages that a module imports."""
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
        return found

    def test_nothing_of_the_gateway(self) -> None:
        """txsmpp can be used without cpmgw: it imports nothing of it."""
        assert txsmpp.__file__
        for path in Path(txsmpp.__file__).parent.rglob("*.py"):
            self.assertNotIn("cpmgw", self.imported(path), path)

    def test_codec_and_machine_do_no_io(self) -> None:
        """Codec and session import neither Twisted nor a clock."""
        assert txsmpp.__file__
        folder = Path(txsmpp.__file__).parent
        for name in SANS_IO:
            imported = self.imported(folder / f"{name}.py")
            self.assertEqual(imported & {"twisted", "time", "asyncio"}, set(), name)
