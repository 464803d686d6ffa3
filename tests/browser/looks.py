"""Checks that apply to every page."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.browser.tab import Tab

WIDTHS = (390, 1280)


async def fits_everywhere(tab: Tab, url: str, pictures: Path, name: str) -> None:
    """On phone and desktop, light and dark, all fits the screen and can be read."""
    for width, dark in itertools.product(WIDTHS, (False, True)):
        await tab.view(width, dark=dark)
        await tab.open(url)
        assert await tab.value("document.documentElement.scrollWidth <= innerWidth"), (url, width)
        assert await tab.value(_LEAST_CONTRAST) >= 4.5, (url, width, dark)
        assert await tab.value(_UNNAMED) == []
        picture = pictures / f"{name}-{width}-{'dark' if dark else 'light'}.png"
        await tab.screenshot(picture)
        assert picture.stat().st_size > 5_000


# The least contrast of any text with its background (WCAG 2.2: 4.5 to 1).
_LEAST_CONTRAST = """(() => {
  const channel = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  const parts = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const ground = el => { for (; el; el = el.parentElement) {
    const c = parts(getComputedStyle(el).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
  let least = 21;
  for (const el of document.querySelectorAll("main *, nav *")) {
    if (el.closest("svg") || ![...el.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
      continue;
    const [a, b] = [light(parts(getComputedStyle(el).color)), light(ground(el))];
    least = Math.min(least, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
  }
  return least;
})()"""
# Controls without an accessible name.
_UNNAMED = """[...document.querySelectorAll("button, a, input:not([type=hidden]), svg[role=img]")]
  .filter(el => !(el.textContent.trim() || el.getAttribute("aria-label") || el.labels?.length))
  .map(el => el.outerHTML)"""
