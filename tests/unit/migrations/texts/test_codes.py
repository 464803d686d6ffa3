"""What to do about a code is said once, and for every code there is."""

from __future__ import annotations

import re
from pathlib import Path

import producer.migrations
from producer.migrations.texts.codes import known_codes, todo

ROOT = Path(__file__).resolve().parents[4]
FOLDER = Path(str(producer.migrations.__file__)).parent


def test_the_runbook_says_what_the_program_says() -> None:
    """The table of docs/migrations.md has every code, with the same words."""
    table = re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / "docs/migrations.md").read_text(), re.M)
    assert dict(table) == known_codes()


def test_every_fault_of_a_row_has_something_to_do() -> None:
    """No code that reading a file can give is without its own advice."""
    files = ("csv_records", "json_records", "mapping_records", "checks")
    found = {
        code
        for name in files
        for code in re.findall(r'Fault\(\s*"(\w+)"', next(FOLDER.rglob(f"{name}.py")).read_text())
    }
    assert len(found) > 12
    assert found <= known_codes().keys()


def test_a_code_that_is_not_known_has_advice_too() -> None:
    """Stripe may bring a new code any day."""
    assert "Stripe" in todo("brand_new_code")
