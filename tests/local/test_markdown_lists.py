"""The site's lists are parsed as on GitHub."""

from __future__ import annotations

from textwrap import dedent

import pytest
from markdown import markdown

CASES = {
    "a list behind a paragraph": (
        """
        Reasons:
        1. one
        2. two
        """,
        "<p>Reasons:</p> <ol> <li>one</li> <li>two</li> </ol>",
    ),
    "a list in an item, by the width of its mark": (
        """
        1. one
           - inner
             goes on
        2. two
        """,
        "<ol> <li>one<ul> <li>inner goes on</li> </ul> </li> <li>two</li> </ol>",
    ),
    "a paragraph in an item": (
        """
        - one

          more

        after
        """,
        "<ul> <li> <p>one</p> <p>more</p> </li> </ul> <p>after</p>",
    ),
    "a dash in a block of code": (
        """
        ```
        text
        - no item
        ```
        """,
        "<pre><code>text - no item </code></pre>",
    ),
    "a paragraph that goes on": (
        """
        one
          two
        """,
        "<p>one two</p>",
    ),
}


@pytest.mark.parametrize(("text", "html"), CASES.values(), ids=CASES)
def test_lists_are_parsed_as_on_github(text: str, html: str) -> None:
    """A list needs no blank line before it, and a level no four spaces."""
    made = markdown(dedent(text), extensions=["fenced_code", "local.targets.markdown_lists"])
    assert " ".join(made.split()) == html
