"""The tables of TS 6.2.2 as data: complete, in order, and nothing but data."""

from __future__ import annotations

import ast
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import cpmgw.iwf.sms.tables
from cpmgw.iwf.mapping import CONDITIONAL, MANDATORY, OPTIONAL, Presence, Table
from cpmgw.iwf.sms.tables.table_01 import TABLE_1_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_02 import TABLE_2_SIP_ANSWER, TABLE_2_STATUS
from cpmgw.iwf.sms.tables.table_03 import TABLE_3_NOTIFICATION
from cpmgw.iwf.sms.tables.table_04 import TABLE_4_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_05 import TABLE_5_SIP_RESPONSE
from cpmgw.iwf.sms.tables.table_06 import TABLE_6_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_07 import TABLE_7_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_08 import TABLE_8_SUBMIT_SM
from cpmgw.iwf.sms.tables.table_09 import TABLE_9_SIP_MESSAGE
from cpmgw.iwf.sms.tables.table_10 import TABLE_10_COMMAND_STATUS
from cpmgw.iwf.sms.tables.table_11 import TABLE_11_SIP_INVITE
from txsmpp.pdu import SubmitSm
from txsmpp.status import CommandStatus
from txsmpp.tlv import Tag

FOLDER = Path(cpmgw.iwf.sms.tables.__file__).parent
TABLES: tuple[Table, ...] = (  # type: ignore[type-arg]
    TABLE_1_SUBMIT_SM,
    TABLE_2_SIP_ANSWER,
    TABLE_3_NOTIFICATION,
    TABLE_4_SUBMIT_SM,
    TABLE_5_SIP_RESPONSE,
    TABLE_6_SUBMIT_SM,
    TABLE_7_SUBMIT_SM,
    TABLE_8_SUBMIT_SM,
    TABLE_9_SIP_MESSAGE,
    TABLE_11_SIP_INVITE,
)
# Those that make a submit_sm.
SUBMITTED = (
    TABLE_1_SUBMIT_SM,
    TABLE_4_SUBMIT_SM,
    TABLE_6_SUBMIT_SM,
    TABLE_7_SUBMIT_SM,
    TABLE_8_SUBMIT_SM,
)
# SMPP 3.4 5.1.3 ends its own values here; what follows is reserved or a vendor's.
LAST_OF_3_4 = 0xFF


class Modules(SynchronousTestCase):
    def test_data_only(self) -> None:
        """A table's module holds rows: no function, class, branch or loop."""
        code = (
            ast.FunctionDef,
            ast.AsyncFunctionDef,
            ast.ClassDef,
            ast.Lambda,
            ast.If,
            ast.For,
            ast.While,
            ast.Try,
        )
        for path in sorted(FOLDER.glob("table_*.py")):
            found = [
                n for n in ast.walk(ast.parse(path.read_text())) if type(n) in code
            ]
            self.assertEqual(found, [], path.name)

    def test_named_for_its_number(self) -> None:
        """A module has the tables of its number and no other."""
        for path in sorted(FOLDER.glob("table_*.py")):
            number = int(path.stem.removeprefix("table_"))
            names = [
                node.target.id
                for node in ast.parse(path.read_text()).body
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            ]
            tables = [name for name in names if not name.startswith("_")]
            self.assertTrue(tables)
            for name in tables:
                self.assertTrue(name.startswith(f"TABLE_{number}_"), name)

    def test_numbers_and_sections(self) -> None:
        """Numbers and sections are those of the TS."""
        self.assertEqual(
            [(table.number, table.section) for table in TABLES],
            [
                (1, "6.2.2.1.1"),
                (2, "6.2.2.1.1"),
                (3, "6.2.2.1.2"),
                (4, "6.2.2.1.3"),
                (5, "6.2.2.1.3"),
                (6, "6.2.2.1.4"),
                (7, "6.2.2.1.5"),
                (8, "6.2.2.1.6"),
                (9, "6.2.2.2.1"),
                (11, "6.2.2.2.3"),
            ],
        )
        for table, number in ((TABLE_2_STATUS, 2), (TABLE_10_COMMAND_STATUS, 10)):
            self.assertEqual(table.number, number)

    def test_no_parameter_twice(self) -> None:
        """No two rows set the same parameter."""
        for table in TABLES:
            self.assertEqual(len(set(table.names)), len(table.names), table.number)


def presence_of(table: Table) -> dict[str, Presence]:  # type: ignore[type-arg]
    """The status column: what each parameter's is."""
    return {name: row.presence for row in table.rows for name in row.names}


class Presences(SynchronousTestCase):
    """The "status" column of each table."""

    def test_submit_sm(self) -> None:
        """Tables 1, 4, 6 to 8: submit_sm's own parameters are mandatory, TLVs optional.

        [SCR Int-S-005-O]
        """
        for table in SUBMITTED:
            for name, presence in presence_of(table).items():
                optional = name.upper() in Tag.__members__
                self.assertIs(presence, OPTIONAL if optional else MANDATORY, name)

    def test_all_of_submit_sm(self) -> None:
        """Tables 1, 4, 6 to 8: every field of submit_sm has a row. [SCR Int-S-005-O]"""
        fields = {
            name
            for name in SubmitSm.__struct_fields__
            if name not in ("sequence_number", "tlvs", "command_status")
        }
        for table in SUBMITTED:
            self.assertLessEqual(fields, set(table.names), table.number)

    def test_table_2(self) -> None:
        """Table 2: all are mandatory. [SCR Int-S-005-O]"""
        self.assertEqual(set(presence_of(TABLE_2_SIP_ANSWER).values()), {MANDATORY})

    def test_table_3(self) -> None:
        """Table 3: what depends on the original is conditional. [SCR Int-S-006-O]"""
        presence = presence_of(TABLE_3_NOTIFICATION)
        conditional = {name for name, each in presence.items() if each is CONDITIONAL}
        self.assertEqual(
            conditional,
            {
                "XML delivery-notification",
                "XML interworking-notification",
                "CPIM IMDN-Route",
                "XML original-recipient-uri",
            },
        )

    def test_table_5(self) -> None:
        """Table 5: the body is conditional, and what only a 200 has beside it."""
        presence = presence_of(TABLE_5_SIP_RESPONSE)
        self.assertIs(presence["body"], CONDITIONAL)
        mandatory = {name for name, each in presence.items() if each is MANDATORY}
        self.assertEqual(
            mandatory,
            {
                "response code",
                "reason phrase",
                "Call-ID",
                "To",
                "Via",
                "From",
                "CSeq",
                "Content-Length",
                "Server",
            },
        )

    def test_table_11(self) -> None:
        """Table 11: Message-Expires and Date are optional."""
        presence = presence_of(TABLE_11_SIP_INVITE)
        optional = {name for name, each in presence.items() if each is OPTIONAL}
        self.assertEqual(optional, {"Message-Expires", "Date"})

    def test_table_9(self) -> None:
        """Table 9: Content-Language, Content-Length and Priority are optional.

        [SCR Int-S-008-O]
        """
        presence = presence_of(TABLE_9_SIP_MESSAGE)
        optional = {name for name, each in presence.items() if each is OPTIONAL}
        self.assertEqual(optional, {"Content-Language", "Content-Length", "Priority"})


class Statuses(SynchronousTestCase):
    def test_table_2_names_every_status(self) -> None:
        """Table 2: every command_status of SMPP 3.4 has a row of its own.

        [SCR Int-S-005-O]
        """
        for status in CommandStatus:
            if status <= LAST_OF_3_4:
                self.assertIn(status, TABLE_2_STATUS.rows, status.name)

    def test_table_2_examples(self) -> None:
        """Table 2: the examples of the TS. [SCR Int-S-005-O]"""
        for status, code in ((0, 202), (3, 400), (0x0B, 404), (0x58, 503), (0xFE, 480)):
            self.assertEqual(TABLE_2_STATUS.of(status), code)

    def test_table_2_only_zero_is_a_success(self) -> None:
        """Table 2: nothing but ESME_ROK says yes, vendors' values included."""
        for status in range(1, 0x600):
            self.assertGreaterEqual(TABLE_2_STATUS.of(status), 400, hex(status))

    def test_table_2_temporary_and_permanent(self) -> None:
        """Table 2: what may pass is 480 or 503; what never will is another 4xx."""
        temporary = {"RTHROTTLED", "RMSGQFUL", "RSYSERR", "RX_T_APPN", "RSUBMITFAIL"}
        permanent = {"RINVDSTADR", "RINVSRCADR", "RX_P_APPN", "RX_R_APPN", "RINVMSGLEN"}
        for name in temporary:
            code = TABLE_2_STATUS.of(CommandStatus[f"ESME_{name}"])
            self.assertIn(code, (480, 503), name)
        for name in permanent:
            code = TABLE_2_STATUS.of(CommandStatus[f"ESME_{name}"])
            self.assertNotIn(code, (480, 503), name)
            self.assertEqual(code // 100, 4, name)

    def test_table_10_examples(self) -> None:
        """Table 10: the examples of the TS. [SCR Int-S-008-O]"""
        for code, status in ((202, 0x0), (404, 0xB), (503, 0x64), (403, 0x65)):
            self.assertEqual(TABLE_10_COMMAND_STATUS.of(code), status)

    def test_table_10_only_2xx_is_a_success(self) -> None:
        """Table 10: 2xx and nothing else is ESME_ROK."""
        for code in range(200, 700):
            status = TABLE_10_COMMAND_STATUS.of(code)
            self.assertEqual(status == 0, code < 300, code)

    def test_table_10_rows_are_final_responses(self) -> None:
        """Table 10: every row is a final response."""
        for code in TABLE_10_COMMAND_STATUS.rows:
            self.assertTrue(200 <= code < 700, code)
