"""Headless Chromium by its own driver, and what a page did in it."""

import base64
import json
import pathlib
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
           "--disable-dev-shm-usage"]


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="quartet-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for each in [*OPTIONS, f"--user-data-dir={self.profile}"]:
            options.add_argument(each)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(300)
        self.driver.set_script_timeout(300)

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def emulate(self, width=1200, height=900, dark=False, media="screen"):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "media": media, "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, where):
        """A file or an address. What the browser asked for, and what its console said, since then."""
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(where if "://" in str(where) else pathlib.Path(where).resolve().as_uri())
        self.wait_until_drawn()
        requests = [json.loads(each["message"])["message"] for each in self.driver.get_log("performance")]
        asked = [each["params"]["request"]["url"] for each in requests if each["method"] == "Network.requestWillBeSent"]
        return asked, [each["message"] for each in self.driver.get_log("browser")]

    def wait_until_drawn(self):
        """Until what was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)));")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def run_async(self, script, *arguments):
        return self.driver.execute_async_script(script, *arguments)

    def picture(self, file, clip=None, whole=True):
        """A screenshot of the page: all of it, a part, or what is in the window."""
        part = {"clip": clip} if clip else {}
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": whole, **part})
        pathlib.Path(file).write_bytes(base64.b64decode(taken["data"]))
