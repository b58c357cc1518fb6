"""How fast the page's worker hashes a file: `python -m tests.harness.browser_hashing --size-mib 512`.

A real Chromium, the worker as it is served, and a file on the disk; says MB/s, and whether the SHA-256 is right.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import random
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.harness.needed import needed

STATIC = Path(__file__).parents[2] / "src" / "headgate" / "web" / "static"
_RUN = """async () => {
  const [file] = document.querySelector("input").files, begun = performance.now();
  const worker = new Worker("/hashing.js", { type: "module" });
  const sha256 = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => { if (data.sha256) resolve(data.sha256); if (data.fault) reject(data.fault); };
    worker.onerror = reject;
    worker.postMessage(file);
  });
  return [sha256, (performance.now() - begun) / 1000];
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size-mib", type=int, default=512)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(STATIC)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "file"
        with file.open("wb") as stream:
            for number in range(given.size_mib):
                stream.write(random.Random(number).randbytes(1 << 20))  # noqa: S311  no secret
        expected = base64.b64encode(hashlib.file_digest(file.open("rb"), "sha256").digest()).decode()
        program = needed("chromium", "chromium-browser", "google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/mark.svg")
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.set_content("<input type=file>")
        page.locator("input").set_input_files(file)
        for _ in range(given.times):
            found, seconds = page.evaluate(_RUN)
            right = "right" if found == expected else "WRONG"
            sys.stdout.write(f"{given.size_mib * 1.048576 / seconds:.0f} MB/s, SHA-256 {right}\n")
        sys.stdout.write(f"Chromium {browser.version}\n")
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
