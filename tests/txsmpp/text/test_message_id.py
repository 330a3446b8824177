"""Ids of answers and of receipts are made to match (SMPP 3.4 5.2.23, 5.3.2.12)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsmpp.text.message_id import (
    LONGEST_ID,
    IdForm,
    IdPolicy,
    canonical_id,
    receipt_keys,
    response_key,
)


class CanonicalIdTests(SynchronousTestCase):
    def test_forms(self) -> None:
        """Each form's way to write one id, and what it is compared by."""
        for form, written, canonical in (
            (IdForm.AS_IS, "00B8BE19", "00B8BE19"),
            (IdForm.AS_IS, " 7 ", "7"),
            (IdForm.HEX, "33E95179", "870928761"),
            (IdForm.HEX, "0033e95179", "870928761"),
            (IdForm.HEX, "0x33E95179", "870928761"),
            (IdForm.DECIMAL, "0870928761", "870928761"),
            (IdForm.DECIMAL, "000", "0"),
            (IdForm.STRIPPED, "00B8BE19", "b8be19"),
            (IdForm.STRIPPED, "000", "0"),
            (IdForm.STRIPPED, "", ""),
            (IdForm.LOOSE, "00B8BE19", "b8be19"),
        ):
            self.assertEqual(canonical_id(written, form), canonical, form)

    def test_ids_that_are_not_of_the_form(self) -> None:
        """They stay as they are."""
        uuid = "ce5bc5a9-4f7d-4282-9244-2e1022a9335c"
        for form, written in (
            (IdForm.HEX, uuid),
            (IdForm.DECIMAL, "33E95179"),
            (IdForm.DECIMAL, "+12"),
            (IdForm.DECIMAL, "1_2"),
            (IdForm.DECIMAL, "٣"),
            (IdForm.HEX, "0x"),
            (IdForm.HEX, ""),
        ):
            self.assertEqual(canonical_id(written, form), written)

    def test_length(self) -> None:
        """An id of the most octets SMPP has is read, a longer one left alone."""
        self.assertEqual(
            canonical_id("0" * (LONGEST_ID - 1) + "7", IdForm.DECIMAL), "7"
        )
        longer = "0" * LONGEST_ID + "7"
        for form in IdForm:
            self.assertEqual(canonical_id(longer, form), longer)
        self.assertEqual(
            receipt_keys(longer, IdPolicy(receipt=IdForm.LOOSE)), (longer,)
        )


class MatchingTests(SynchronousTestCase):
    def test_pairs_that_users_met(self) -> None:
        """An answer's id and its receipt's, and the policy under which they match."""
        for answered, reported, response, receipt in (
            ("39f99dd5", "972660181", IdForm.HEX, IdForm.DECIMAL),
            ("39f99dd5", "0972660181", IdForm.HEX, IdForm.DECIMAL),
            ("972660181", "39F99DD5", IdForm.DECIMAL, IdForm.HEX),
            ("00B8BE19", "00B8BE19", IdForm.AS_IS, IdForm.AS_IS),
            ("00B8BE19", "00B8BE19", IdForm.HEX, IdForm.HEX),
            ("00B8BE19", "B8BE19", IdForm.STRIPPED, IdForm.STRIPPED),
            ("0000029095", "29095", IdForm.DECIMAL, IdForm.DECIMAL),
            ("39f99dd5", "0972660181", IdForm.LOOSE, IdForm.LOOSE),
            ("972660181", "39F99DD5", IdForm.LOOSE, IdForm.LOOSE),
            ("0972660181", "972660181", IdForm.LOOSE, IdForm.LOOSE),
            ("00B8BE19", "B8BE19", IdForm.LOOSE, IdForm.LOOSE),
            ("39f99dd5", "0972660181", IdForm.HEX, IdForm.LOOSE),
            ("a-b-c", "a-b-c", IdForm.LOOSE, IdForm.LOOSE),
        ):
            policy = IdPolicy(response=response, receipt=receipt)
            self.assertIn(
                response_key(answered, policy), receipt_keys(reported, policy)
            )

    def test_the_likeliest_comes_first(self) -> None:
        """A loose id is first looked up as it stands."""
        loose = IdPolicy(response=IdForm.LOOSE, receipt=IdForm.LOOSE)
        self.assertEqual(receipt_keys("0010", loose), ("0010", "10", "a", "16"))

    def test_one_key_where_the_form_is_known(self) -> None:
        """Nothing is guessed without leave."""
        policy = IdPolicy(response=IdForm.HEX, receipt=IdForm.DECIMAL)
        self.assertEqual(receipt_keys("0010", policy), ("10",))
