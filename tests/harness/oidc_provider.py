"""A real provider of OpenID Connect, as a process of its own, and somebody who signs in there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
from tests.harness.needed import node_modules

PROGRAM = Path(__file__).parents[1] / "foreign" / "oidc"
CLIENT_ID, CLIENT_SECRET = "headgate", "a secret of this test, long enough for HS256"


def installed(folder: Path) -> Path:
    """The provider's program with its packages, in a folder of the test's own."""
    shutil.copy(PROGRAM / "provider.mjs", folder)
    node_modules(PROGRAM, folder)
    return folder


class Provider:
    """A provider that knows everybody; `control` sets what roles it says they have."""

    def __init__(self, program: Path, *callbacks: str, secret: str | None = CLIENT_SECRET) -> None:
        self._program = program
        client: dict[str, Any] = {"client_id": CLIENT_ID, "redirect_uris": callbacks}
        if secret is None:
            client |= {"token_endpoint_auth_method": "none", "application_type": "native"}
        else:
            client["client_secret"] = secret
        self._clients = [client]
        self._process: subprocess.Popen[str] | None = None
        self.issuer = ""
        self.start(0)

    def start(self, port: int) -> None:
        """Serve, with a new key."""
        given = json.dumps({"port": port, "clients": self._clients})
        self._process = subprocess.Popen(
            ["node", "provider.mjs", given],
            cwd=self._program,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # warnings that it is for development
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the provider did not start"
        self.issuer = json.loads(line)["issuer"]

    def stop(self) -> None:
        """Be gone at once."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def restart(self) -> None:
        """The same provider with another key."""
        self.stop()
        self.start(int(self.issuer.rpartition(":")[2]))

    def control(
        self,
        *,
        roles: dict[str, list[str]] | None = None,
        tamper: str | None = None,
        told: dict[str, Any] | None = None,
    ) -> None:
        """What it says of people from now on, how its next ID tokens are wrong, and claims that they tell besides."""
        document: dict[str, Any] = {"tamper": tamper, "told": told} | ({} if roles is None else {"roles": roles})
        httpx2.post(f"{self.issuer}/control", json=document).raise_for_status()

    def sign_in(self, place: str, person: str) -> str:
        """Follow the address to which we send a browser, sign in and agree; the address to which it sends back."""
        with httpx2.Client() as browser:
            answer = browser.get(place)
            for _ in range(20):
                if answer.is_redirect:
                    after = urljoin(str(answer.url), answer.headers["location"])
                    if not after.startswith(self.issuer):
                        return after
                    answer = browser.get(after)
                    continue
                assert answer.status_code == 200, answer.text
                action = unescape(re.findall(r'<form[^>]* action="([^"]+)"', answer.text)[0])
                prompt = re.findall(r'name="prompt" value="(\w+)"', answer.text)[0]
                form = {"prompt": prompt, "login": person, "password": "any"}
                answer = browser.post(urljoin(str(answer.url), action), data=form)
        raise AssertionError("the provider sent nobody back")
