"""A headless Chromium that opens pages and is asked about them, over the pipe of its DevTools protocol."""

import json
import os
import shutil
import subprocess
import tempfile

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def program():
    """What is installed of them; None: nothing."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Page:
    """A page that was opened: what it asked the network for, and what it complained of."""

    def __init__(self, browser, session):
        self.browser = browser
        self.session = session

    def command(self, method, **parameters):
        return self.browser.command(method, self.session, **parameters)

    def look(self, expression):
        """What JavaScript says of the page. Not a script of the page: its policy does not hold for it."""
        answer = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def resize(self, width, height, dark=False):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def events(self, method):
        return [event["params"] for event in self.browser.events if event["method"] == method and event.get("sessionId") == self.session]

    def requests(self):
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

    def complaints(self):
        """Whatever is in the console: errors, warnings, what the page's policy forbade, exceptions."""
        return (self.events("Log.entryAdded") + self.events("Runtime.consoleAPICalled") + self.events("Runtime.exceptionThrown"))


class Browser:
    """A context manager. `port`: where all names of the network lead, so that a listener there sees who asks."""

    def __init__(self, port):
        self.files = tempfile.TemporaryDirectory(prefix="waymark-browser-", ignore_cleanup_errors=True)
        self.commands = 0
        self.events = []
        self.unread = b""
        theirs_in, self.out = os.pipe()
        self.inward, theirs_out = os.pipe()
        command = [program(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
                   f"--user-data-dir={self.files.name}", f"--host-resolver-rules=MAP * 127.0.0.1:{port}", "about:blank"]
        # The protocol's pipe is file descriptors 3 and 4.
        self.process = subprocess.Popen(["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "browser", *command],
                                        pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        os.close(self.out)
        self.process.terminate()
        self.process.wait(timeout=60)
        os.close(self.inward)
        self.files.cleanup()

    def _receive(self):
        while b"\0" not in self.unread:
            data = os.read(self.inward, 1 << 20)
            assert data, "the browser ended"
            self.unread += data
        message, self.unread = self.unread.split(b"\0", 1)
        return json.loads(message)

    def _take(self, message):
        if "method" in message:
            self.events.append(message)

    def command(self, method, session=None, **parameters):
        self.commands += 1
        message = {"id": self.commands, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self.commands:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._take(answer)

    def open(self, url, width=1440, height=1000):
        """The page, when it has loaded."""
        target = self.command("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        for domain in ("Page", "Network", "Log", "Runtime"):
            page.command(f"{domain}.enable")
        page.resize(width, height)
        page.command("Page.navigate", url=url)
        while not page.events("Page.loadEventFired"):
            self._take(self._receive())
        return page
