"""What a store finds of mail when it is opened: rows and files, made to agree."""

from __future__ import annotations

import os

from cpmgw.errors import StoreError
from tests.store.mail_case import MailCase
from tests.store.mails import HEADER, SMALL


class Opening(MailCase):
    def test_outlives_the_process(self) -> None:
        """Mail that was acknowledged is there again, with its content."""
        kept = [self.kept("k1"), self.kept("k2", SMALL)]
        self.again()
        self.assertEqual(self.due(), kept)
        self.assertEqual(self.files(), [kept[0].path])

    def test_orphans(self) -> None:
        """Files that no mail names are removed."""
        mail = self.kept()
        assert mail.path is not None
        (mail.path.parent / "orphan").write_bytes(b"")
        self.again()
        self.assertEqual(self.files(), [mail.path])

    def test_files_of_others(self) -> None:
        """Another store with the same directory keeps its files."""
        mail = self.kept()
        self.pump.result(self.store.close())
        there = self.folder / "x.sqlite"
        there.rename(self.folder / "y.sqlite")
        self.opened()
        other = self.kept("k2")
        self.assertEqual(set(self.files()), {mail.path, other.path})
        self.pump.result(self.store.close())
        (self.folder / "y.sqlite").rename(there)
        self.opened()
        self.assertEqual(self.due(), [mail])

    def test_lost(self) -> None:
        """Of mail whose file is lost the header is left, to answer it by."""
        lost, cut, whole = self.kept("k1"), self.kept("k2"), self.kept("k3")
        for mail in (lost, cut, whole):
            assert mail.path is not None
        lost.path.unlink()  # type: ignore[union-attr]
        os.truncate(cut.path, 1000)  # type: ignore[arg-type]
        self.again()
        self.again()
        found = self.due()
        self.assertEqual([each.is_lost for each in found], [True, True, False])
        self.assertEqual({each.content for each in found}, {HEADER})
        self.assertEqual(self.files(), [whole.path])
        for mail in found:
            self.pump.result(self.mail.finish(mail.key, (), 50.0))
        self.assertEqual(self.mail.stored(), 0)

    def test_long_header(self) -> None:
        """Of a header without an end so much is kept, and no more."""
        mail = self.kept("k1", bytes(65_537))
        self.assertEqual(mail.content, bytes(65_536))

    def test_directory_lost(self) -> None:
        """Where all of the directory is missing the store is not opened."""
        mail = self.kept()
        assert mail.path is not None
        self.pump.result(self.store.close())
        away = self.folder / "away"
        self.bodies.rename(away)
        error = self.assertRaises(StoreError, self.store.open)
        self.assertIn(f"there is mail in {mail.path.parent}", str(error))
        away.rename(self.bodies)
        self.opened()
        self.assertEqual(self.due(), [mail])

    def test_all_moved(self) -> None:
        """Where the files are moved, and the setting with them, they are found."""
        mail = self.kept()
        assert mail.path is not None
        self.pump.result(self.store.close())
        self.bodies = self.bodies.rename(self.folder / "moved")
        self.opened()
        (found,) = self.due()
        self.assertEqual(self.files(), [found.path])
        self.again()
        self.assertEqual(self.due(), [found])
        self.pump.result(self.mail.finish("k1", (), 50.0))
        self.assertEqual(self.files(), [])

    def test_setting_changed(self) -> None:
        """Where only the setting changes, old files stay in use until they are done."""
        mail = self.kept()
        self.pump.result(self.store.close())
        self.bodies = self.folder / "elsewhere"
        self.opened()
        self.assertEqual(self.due(), [mail])
        self.kept("k2")
        self.assertEqual(len(self.files()), 1)
        self.pump.result(self.mail.finish("k1", (), 50.0))
        assert mail.path is not None
        self.assertFalse(mail.path.exists())

    def test_beside_the_store(self) -> None:
        """Where no directory is said, files are beside the store."""
        self.pump.result(self.store.close())
        self.opened(bodies="")
        mail = self.kept()
        assert mail.path is not None
        self.assertEqual(mail.path.parent.parent, self.folder / "x.sqlite-bodies")
