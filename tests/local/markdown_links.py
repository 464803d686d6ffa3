"""Links of Markdown pages, and where links into them may lead."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
_TITLE = re.compile(r"^#+ (.*)$", re.MULTILINE)


def links(text: str) -> list[tuple[str, str]]:
    """Path and anchor of each link that leads to no other host, "" where there is none."""
    return _LINK.findall(_FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub, and the site of docs/, give to a page's titles."""
    titles = _TITLE.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
