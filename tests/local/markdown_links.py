"""Links of Markdown pages, and the anchors that links may point to."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
_TITLE = re.compile(r"^#+ (.*)$", re.MULTILINE)


def links(text: str) -> list[tuple[str, str]]:
    """Path and anchor of each link within the repository; "" for a missing one."""
    return _LINK.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """The anchors of a page's titles, on GitHub and on the site of docs/."""
    titles = _TITLE.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
