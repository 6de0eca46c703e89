"""Drives a headless Chromium over WebDriver, the protocol of its chromedriver, for tests of the page."""

import base64
import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.private_servers import ServerMissing, free_port, wait_until

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
DRIVERS: Final = ("chromedriver", "/usr/lib/chromium/chromedriver")
ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""The key by which WebDriver names an element."""
TAB: Final = "\ue004"
ENTER: Final = "\ue007"
ARROW_DOWN: Final = "\ue015"
ARROW_LEFT: Final = "\ue012"
ARROW_RIGHT: Final = "\ue014"


@dataclass
class Browser:
    """One window. Selectors are those of CSS."""

    client: httpx.Client
    session: str

    def open(self, address: str) -> None:
        """Load a page."""
        self._send("POST", "url", {"url": address})

    @property
    def address(self) -> str:
        """Return where it is."""
        return str(self._send("GET", "url"))

    @property
    def source(self) -> str:
        """Return the HTML as it is now."""
        return str(self._send("GET", "source"))

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of all elements of a selector."""
        return [str(self._send("GET", f"element/{one}/text")) for one in self._find(selector)]

    def text(self, selector: str) -> str:
        """Return the visible text of the first element of a selector."""
        return self.texts(selector)[0]

    def click(self, selector: str, number: int = 0) -> None:
        """Click on an element."""
        self._send("POST", f"element/{self._find(selector)[number]}/click", {})

    def follow(self, selector: str, number: int = 0) -> None:
        """Click on what leads to another page, and wait until it has taken the place of this one."""
        [here] = self._find("html")
        self.click(selector, number)
        wait_until(lambda: self._is_gone(here), f"another page than {self.address}")

    def type(self, selector: str, text: str) -> None:
        """Press keys in an element."""
        self._send("POST", f"element/{self._find(selector)[0]}/value", {"text": text})

    def fill(self, selector: str, text: str) -> None:
        """Replace the content of a field."""
        self._send("POST", f"element/{self._find(selector)[0]}/clear", {})
        self.type(selector, text)

    def press(self, *keys: str) -> None:
        """Press keys wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._send("POST", "actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self._send("POST", "execute/sync", {"script": script, "args": list(arguments)})

    def wait_for(self, selector: str, text: str = "") -> None:
        """Wait until an element is there, with a text in it."""
        wait_until(lambda: any(text in one for one in self._texts_now(selector)), f"{selector} with {text!r}")

    def wait_for_move(self, address: str) -> None:
        """Wait until it is elsewhere."""
        wait_until(lambda: self.address != address, f"another address than {address}")

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page."""
        self._command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def prefer(self, scheme: str) -> None:
        """Prefer `light` or `dark`."""
        self._command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def forbid_scripts(self, value: bool = True) -> None:
        """Run no scripts of pages."""
        self._command("Emulation.setScriptExecutionDisabled", value=value)

    def clear_cookies(self) -> None:
        """Forget who is signed in."""
        self._send("DELETE", "cookie")

    def log(self) -> list[str]:
        """Return the complaints in the console since the last call, such as those about the policy of the page."""
        return [str(line["message"]) for line in self._send("POST", "se/log", {"type": "browser"})]

    def picture(self, file: Path) -> None:
        """Save all of the page as PNG."""
        shot = self._command("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def _is_gone(self, element: str) -> bool:
        with contextlib.suppress(WebDriverError):
            self._send("GET", f"element/{element}/name")
            return False
        return True

    def _texts_now(self, selector: str) -> list[str]:
        """The texts; none while the page is being replaced."""
        with contextlib.suppress(WebDriverError):
            return self.texts(selector)
        return []

    def _find(self, selector: str) -> list[str]:
        found = self._send("POST", "elements", {"using": "css selector", "value": selector})
        if not found:
            raise WebDriverError(f"no element {selector} at {self.address}")
        return [one[ELEMENT] for one in found]

    def _command(self, name: str, **parameters: Any) -> Any:
        return self._send("POST", "goog/cdp/execute", {"cmd": name, "params": parameters})

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, f"/session/{self.session}/{path}", json=body)
        value = answer.json()["value"]
        if answer.status_code != 200:
            raise WebDriverError(f"{path}: {value['message']}")
        return value


class WebDriverError(Exception):
    """What the browser could not do."""


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Provide a headless Chromium. Raises ServerMissing."""
    program, driver = _which(BROWSERS), _which(DRIVERS)
    if program is None or driver is None:
        raise ServerMissing("Chromium with its chromedriver; on Debian: apt-get install chromium chromium-driver")
    port = free_port()
    process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            wait_until(lambda: _is_ready(client), "chromedriver to be ready")
            session = _begin(client, program)
            yield Browser(client, session)
            client.delete(f"/session/{session}")
    finally:
        process.terminate()
        process.wait()


def _begin(client: httpx.Client, program: str) -> str:
    arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses to sandbox what root runs
    options = {"goog:chromeOptions": {"binary": program, "args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
    answer = client.post("/session", json={"capabilities": {"alwaysMatch": options}})
    if answer.status_code != 200:
        raise WebDriverError(answer.json()["value"]["message"])
    return str(answer.json()["value"]["sessionId"])


def _is_ready(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return bool(client.get("/status").json()["value"]["ready"])
    return False


def _which(names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)
