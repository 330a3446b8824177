"""What scripts/coverage runs: write docs/coverage.md, or see that it is up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.coverage.chapters import CHAPTERS, ITEMS
from tests.coverage.page import PAGE, page
from tests.coverage.references import faults_of, references_below

ROOT: Final = Path(__file__).parents[2]


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the page, or look at it (`--check`); 1 if all is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="scripts/coverage", description="Writes docs/coverage.md."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; 1 if it is not up to date"
    )
    check: bool = parser.parse_args(arguments).check
    references = references_below(root, "tests")
    if faults := faults_of(references, ITEMS):
        print(*faults, sep="\n", file=sys.stderr)
        return 1
    text = page(CHAPTERS, references)
    path = root / PAGE
    if not check:
        path.write_text(text, "utf-8")
    elif not path.exists() or path.read_text("utf-8") != text:
        print(f"{PAGE} is not up to date: run scripts/coverage", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
