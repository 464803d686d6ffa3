"""A headless Chromium, spoken to in the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_S = 45.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_LISTENING = re.compile(rb"DevTools listening on (ws://\S+)")
# Resolves once the expression is true: looked at after every change, and ten times a second.
_UNTIL = """new Promise(done => {
  const look = () => { try { if (%s) { watch.disconnect(); clearInterval(timer); done(true); } }
    catch {} };
  const watch = new MutationObserver(look), timer = setInterval(look, 100);
  watch.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
  look();
})"""


def executable() -> str:
    """Where a Chromium is. Fails, rather than skips: `make test` deselects where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "no Chromium: install one, or deselect these tests with -m 'not browser'"
    return found


class Tab:
    """A tab of its own, with neither cookies nor history."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session: str) -> None:
        self._socket = socket
        self._session = session
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []
        """What the console said: errors, and what the Content-Security-Policy refused."""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One call of the protocol."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params, "sessionId": self._session}
        await self._socket.send_str(json.dumps(message))
        return await asyncio.wait_for(answer, PATIENCE_S)

    def hear(self, message: dict[str, Any]) -> None:
        """An answer or an event."""
        if "id" in message:
            answer = self._answers.pop(message["id"], None)
            if answer is None or answer.done():
                return
            if "error" in message:
                answer.set_exception(AssertionError(message["error"]["message"]))
            else:
                answer.set_result(message["result"])
        elif message.get("method") == "Page.loadEventFired":
            self._loaded.set()
        elif message.get("method") == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(message["params"]["exceptionDetails"]["text"])

    @asynccontextmanager
    async def leaving(self) -> AsyncIterator[None]:
        """What is done inside leads to another page; wait until that has loaded."""
        self._loaded.clear()
        yield
        await asyncio.wait_for(self._loaded.wait(), PATIENCE_S)

    async def open(self, url: str) -> None:
        """Go there, and wait until it is shown."""
        async with self.leaving():
            await self.call("Page.navigate", url=url)

    async def eval(self, expression: str) -> Any:
        """The value of JavaScript, also where the page's own is disabled."""
        told = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until it is true, also across navigations."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    if await self.eval(expression):
                        return
                    await self.eval(_UNTIL % expression)
                except AssertionError:  # the page went away under it
                    await asyncio.sleep(0)

    async def text(self, selector: str = "body") -> str:
        """What is read there."""
        return str(await self.eval(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def click(self, selector: str) -> None:
        """Press with the mouse, in the middle of it."""
        where = await self.eval(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)});"
            "it.scrollIntoView({block: 'center'}); const r = it.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent",
                type=kind, x=where[0], y=where[1], button="left", clickCount=1,
            )  # fmt: skip

    async def type(self, selector: str, text: str) -> None:
        """Type into a field, in place of what it holds."""
        await self.eval(f"document.querySelector({json.dumps(selector)}).select()")
        await self.call("Input.insertText", text=text)

    async def scripts(self, enabled: bool) -> None:
        """Switch JavaScript of pages on or off."""
        await self.call("Emulation.setScriptExecutionDisabled", value=not enabled)

    async def look(self, width: int, *, dark: bool = False) -> None:
        """Be so wide (CSS pixels), in that scheme."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def screenshot(self, path: Path) -> None:
        """A picture of the whole page."""
        told = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(told["data"]))


class Chromium:
    """The browser, started and connected to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._tabs: dict[str, Tab] = {}
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)

    async def tab(self) -> Tab:
        """A new tab in a context of its own."""
        context = (await self._call("Target.createBrowserContext"))["browserContextId"]
        target = await self._call(
            "Target.createTarget", url="about:blank", browserContextId=context
        )
        attached = await self._call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        tab = self._tabs[attached["sessionId"]] = Tab(self._socket, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            await tab.call(f"{domain}.enable")
        return tab

    async def listen(self) -> None:
        """Hand on what the browser says, until it ends."""
        async for message in self._socket:
            told = json.loads(message.data)
            if (tab := self._tabs.get(told.get("sessionId", ""))) is not None:
                tab.hear(told)
            elif (answer := self._answers.pop(told.get("id", 0), None)) is not None:
                answer.set_result(told["result"])

    async def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(json.dumps({"id": number, "method": method, "params": params}))
        return await asyncio.wait_for(answer, PATIENCE_S)


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Chromium]:
    """A browser with an empty profile; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        executable(),
        *_FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        said = b""
        async with asyncio.timeout(PATIENCE_S):
            while (found := _LISTENING.search(said)) is None:
                line = await process.stderr.readline()
                assert line, f"Chromium ended:\n{said.decode()}"
                said += line
        draining = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(found.group(1).decode(), max_msg_size=0) as socket,
        ):
            browser = Chromium(socket)
            listening = asyncio.create_task(browser.listen())
            try:
                yield browser
            finally:
                listening.cancel()
        draining.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
