"""Every code has one text of advice."""

from __future__ import annotations

import re
from pathlib import Path

import producer.migrations
from producer.migrations.texts.codes import known_codes, todo

ROOT = Path(__file__).resolve().parents[4]
FOLDER = Path(str(producer.migrations.__file__)).parent


def test_the_documentation_has_the_same_texts() -> None:
    """The table of docs/migrations.md has every code with the same text."""
    table = re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / "docs/migrations.md").read_text(), re.M)
    assert dict(table) == known_codes()


def test_every_fault_of_a_row_has_advice() -> None:
    """Every code of a fault has its own advice."""
    files = ("csv_records", "json_records", "mapping_records", "checks")
    found = {
        code
        for name in files
        for code in re.findall(r'Fault\(\s*"(\w+)"', next(FOLDER.rglob(f"{name}.py")).read_text())
    }
    assert len(found) > 12
    assert found <= known_codes().keys()


def test_unknown_codes_have_advice() -> None:
    """Stripe may add codes at any time."""
    assert "Stripe" in todo("brand_new_code")
