"""A Markdown extension for `make docs`: lists as GitHub parses them.

Python-Markdown requires a blank line before a list, and four spaces for each level.
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
    """Puts a blank line before lists and indents their contents by four spaces a level."""

    def run(self, lines: list[str]) -> list[str]:
        """Return a page's lines with its lists as Python-Markdown requires them."""
        found: list[str] = []
        # The indents at which the open items' text starts, outermost first.
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
            # Other lines without a blank line before them continue a paragraph.
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
    """The factory that Markdown calls on a module named as an extension."""
    return _Extension()
