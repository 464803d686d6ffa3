"""Texts in Spanish and English: tables of them, and how one is said.

Not gettext: both languages are always there, named and typed. It would find texts by their English
wording, want compiled catalogues in the package, and say English where Spanish is missing.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["es", "en"]


class Bilingual(Enum):
    """A table of texts by their meaning; each is (Spanish, English), with the same placeholders."""

    def __init__(self, spanish: str, english: str) -> None:
        self.spanish = spanish
        self.english = english

    def say(self, language: Language, **values: Value) -> str:
        """The text in the language, its placeholders filled; values that are texts likewise."""
        said = {n: v.say(language) if isinstance(v, Bilingual) else v for n, v in values.items()}
        return (self.spanish if language == "es" else self.english).format(**said)


Value: TypeAlias = str | int | Bilingual
"""What a placeholder is filled with."""


class Say:
    """Texts and figures in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, text: Bilingual, **values: Value) -> str:
        """The text, its placeholders filled; not escaped."""
        return text.say(self.language, **values)

    def figure(self, value: float, decimals: int = 0) -> str:
        """A number, grouped and pointed as the language does."""
        text = f"{value:,.{decimals}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "es" else text

    def span(self, seconds: float) -> str:
        """A time for people, in two units at most."""
        if seconds < 1:
            return "1 s"
        rest = round(seconds)
        parts: list[str] = []
        for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
            count, rest = divmod(rest, size)
            if count or parts:
                parts.append(f"{count} {name}" if count else "")
            if len(parts) == 2:
                break
        return " ".join(part for part in parts if part)
