"""A Markdown extension for `make docs`: lists as GitHub reads them.

Python-Markdown wants a blank line before a list, and four spaces for each level of one.
"""

from __future__ import annotations

import re

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

_ITEM = re.compile(r"(?:[-*]|\d{1,9}\.) +")
_FENCES = ("```", "~~~")
# After whitespace is normalised (30) and before fences are replaced (25).
_PRIORITY = 28


class GitHubLists(Preprocessor):
    """Sets lists apart and indents what is in them by four spaces for each level."""

    def run(self, lines: list[str]) -> list[str]:
        """The lines of a page, with its lists as Python-Markdown wants them."""
        found: list[str] = []
        # Where the text of the open items begins, the outermost first.
        levels: list[int] = []
        fence, blank = "", True
        for line in lines:
            text = line.lstrip(" ")
            indent = len(line) - len(text)
            if fence or not text:
                fence = "" if fence and text.startswith(fence) else fence
                found.append(line)
                blank = not text
                continue
            item = _ITEM.match(text)
            # Any other line without a blank one before it goes on with a paragraph.
            if item or blank or text.startswith(_FENCES):
                inside = bool(levels)
                while levels and indent < levels[-1]:
                    levels.pop()
                if item and not inside and not blank:
                    found.append("")
                beyond = indent - levels[-1] if levels else indent
                found.append(" " * (4 * len(levels) + beyond) + text)
                if item:
                    levels.append(indent + item.end())
                fence = text[:3] if text.startswith(_FENCES) else ""
            else:
                found.append(line)
            blank = False
        return found


class _Extension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.preprocessors.register(GitHubLists(md), "github_lists", _PRIORITY)


def makeExtension() -> Extension:  # noqa: N802
    """What Markdown asks a module for that is named as an extension."""
    return _Extension()
