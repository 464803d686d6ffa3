"""Controls a tab of the browser as its user does."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

from tests.browser.devtools import DevTools, DevToolsError, Event

# Resolved by a change of the page, without polling.
_UNTIL = """new Promise(done => {
  const look = () => { if (%s) { watch.disconnect(); done(true); } };
  const watch = new MutationObserver(look);
  watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  look();
})"""


# The browser reports these as console errors too, but only here with what was refused.
_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) => violated(
  `${event.effectiveDirective} ${event.blockedURI}`))"""
_CLICK = """selector => {
    const element = document.querySelector(selector)
    if (!element) return false
    element.scrollIntoView({block: "center", behavior: "instant"})
    element.focus()
    element.click()
    return true
}"""


class Tab:
    """Clicks and keys are the browser's own, so they also work without JavaScript."""

    def __init__(self, devtools: DevTools, session: str) -> None:
        self.errors: list[str] = []
        """Errors in the console: of scripts, of loading, of the page's policy."""
        self.requests: list[str] = []
        """The URL of each request."""
        self.ran: list[str] = []
        """Arguments of hostile values' calls of `ran(…)`, a function that every page has here."""
        self.violations: list[str] = []
        """What a page's policy refused: the directive, and the source."""
        self._devtools = devtools
        self._session = session
        self._loads = asyncio.Event()
        devtools.listen(session, self._hear)

    @classmethod
    async def opened(cls, devtools: DevTools) -> Tab:
        """A new tab, which shares no cookies with others."""
        context = await devtools.send("Target.createBrowserContext")
        target = await devtools.send(
            "Target.createTarget", url="about:blank", browserContextId=context["browserContextId"]
        )
        attached = await devtools.send(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        tab = cls(devtools, attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log", "DOM"):
            await tab.send(f"{domain}.enable")
        for name in ("ran", "violated"):
            await tab.send("Runtime.addBinding", name=name)
        await tab.send("Page.addScriptToEvaluateOnNewDocument", source=_VIOLATIONS)
        return tab

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol to this tab. Raises DevToolsError."""
        return await self._devtools.send(method, self._session, **parameters)

    async def open(self, url: str) -> None:
        """Open the URL; return when the page is loaded."""
        self._loads.clear()
        found = await self.send("Page.navigate", url=url)
        assert "errorText" not in found, f"{url}: {found['errorText']}"
        await self._loads.wait()

    async def view(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Set the window's size in CSS pixels, and light or dark mode."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        await self.send("Emulation.setScrollbarsHidden", hidden=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[scheme])

    async def javascript(self, allowed: bool) -> None:
        """Whether pages opened from now on may run scripts."""
        await self.send("Emulation.setScriptExecutionDisabled", value=not allowed)

    async def value(self, expression: str) -> Any:
        """The value of the expression in the page; its errors fail the test."""
        found = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise DevToolsError(expression, str(found["exceptionDetails"].get("exception")))
        return found["result"].get("value")

    async def until(self, condition: str) -> None:
        """Return once the expression is true, on this page or the next one."""
        while True:
            try:
                await self.value(_UNTIL % condition)
            except DevToolsError as error:
                # The page was left during the check: check the next one.
                if error.method != "Runtime.evaluate":
                    raise
                await asyncio.sleep(0)
            else:
                return

    async def click(self, selector: str) -> None:
        """Click on the element.

        In one step: a live page may replace the element at any moment.
        """
        assert await self.value(f"({_CLICK})({json.dumps(selector)})"), f"no element {selector}"

    async def follow(self, selector: str) -> None:
        """Click on the link or button; return when the next page is loaded."""
        self._loads.clear()
        await self.click(selector)
        await self._loads.wait()

    async def type(self, selector: str, text: str) -> None:
        """Type into the field, replacing its content."""
        await self.click(selector)
        for kind in ("keyDown", "keyUp"):
            await self.send("Input.dispatchKeyEvent", type=kind, commands=["selectAll"])
        await self.send("Input.insertText", text=text)

    async def choose(self, selector: str, path: Path) -> None:
        """Choose the file in the field, as the file dialog does."""
        document = await self.send("DOM.getDocument")
        root = document["root"]["nodeId"]
        found = await self.send("DOM.querySelector", nodeId=root, selector=selector)
        await self.send("DOM.setFileInputFiles", nodeId=found["nodeId"], files=[str(path)])

    async def drop(self, selector: str, path: Path) -> None:
        """Drop the file on the middle of the element, as the desktop does."""
        box = await self.value(
            f"(e => {{ e.scrollIntoView(); const b = e.getBoundingClientRect(); "
            f"return [b.x + b.width / 2, b.y + b.height / 2] }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            await self.send("Input.dispatchDragEvent", type=kind, x=box[0], y=box[1], data=data)

    async def text(self) -> str:
        """The page's text."""
        return str(await self.value("document.body.innerText"))

    async def screenshot(self, path: Path) -> None:
        """Save a screenshot of the whole page as PNG."""
        taken = await self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _hear(self, method: str, event: Event) -> None:
        if method == "Page.loadEventFired":
            self._loads.set()
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.bindingCalled":
            {"ran": self.ran, "violated": self.violations}[event["name"]].append(event["payload"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(str(event["exceptionDetails"]["text"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] == "error":
            self.errors.append(str(event["entry"]["text"]))
