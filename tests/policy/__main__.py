"""What scripts/policies runs: write docs/policies.md, or see that it is up to date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.policy.keys import ROOT, in_force
from tests.policy.page import PAGE, page


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the page, or look at it (`--check`); 1 if it is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="scripts/policies", description="Writes docs/policies.md."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; 1 if it is not up to date"
    )
    check: bool = parser.parse_args(arguments).check
    text = page(in_force())
    path = root / PAGE
    if not check:
        path.write_text(text, "utf-8")
    elif not path.exists() or path.read_text("utf-8") != text:
        print(f"{PAGE} is not up to date: run scripts/policies", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
