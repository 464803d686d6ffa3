"""Values that would call `ran(…)` in a page that treats them as more than text."""

from __future__ import annotations

from producer.migrations.input.values.display_text import visible

VALUES = (
    "<script>ran('script')</script>",
    '"><img src=x onerror="ran(\'image\')">',
    "'><svg onload='ran(`svg`)'>",
    "</title></style></script><script>ran('ends')</script>",
    "--><script>ran('comment')</script><!--",
    "&lt;script&gt;ran('entity')&lt;/script&gt;&#60;img src=x onerror=ran('entity')&#62;",
    "<a href=\"javascript:ran('link')\">javascript:ran('link')</a>",
    "<iframe srcdoc=\"<script>parent.ran('frame')</script>\"></iframe>",
    "<form action=//127.0.0.1:1/evil><button formaction=javascript:ran('form')>",
    "<style>@import '//127.0.0.1:1/evil/x.css'; * { display: none }</style>",
    "<base href=//127.0.0.1:1/evil/><meta http-equiv=refresh content=0;url=//127.0.0.1:1/evil>",
    "${ran('template')}{{ran('template')}}{{constructor.constructor(\"ran('t')\")()}}<%= ran() %>",
    '"}\n\nevent: status\ndata: {"parts":{"now":"<img src=x onerror=ran(\'event\')>"}}\n\n',
    "a\u2028ran('line')\u2029b\u0085c",
    "annexe\u202efdp.exe\u2066<img src=x onerror=ran('backwards')>",
    "<scr\0ipt>ran('nul')</scr\0ipt><img src=x\0 onerror=ran('nul')>",
    "<img src=x onerror=ran('long')>" + "x" * 10_000,
)


def as_read(value: str) -> str:
    """The value as the browser reports its displayed text."""
    return " ".join(visible(value).split())
