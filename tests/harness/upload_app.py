"""A server of uploads as a process of its own, for tests that cut it off and kill it.

`python -m tests.harness.upload_app FOLDER PORT` listens on the loopback. Whoever says `Authorization: Bearer NAME` is
NAME. What is taken stands in FOLDER/taken: the bytes under the upload's id, and beside them what is known of it.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request

from headgate.uploads.records import Limits, Upload
from headgate.uploads.store import UploadStore
from headgate.web.tus import tus_routes


def owner_of(request: Request) -> str:
    """The name that the request says, as if it had proven it."""
    scheme, _, name = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not name:
        raise HTTPException(401, "Nobody is signed in.", {"WWW-Authenticate": "Bearer"})
    if name == "stranger":
        raise HTTPException(403, "You may not send files.")
    return name


def take_into(folder: Path) -> Callable[[Upload, Path, str], None]:
    """Link the bytes into a folder and add a line about them; the lines tell how often each was taken."""
    folder.mkdir(parents=True, exist_ok=True)

    def take(upload: Upload, path: Path, sha256: str) -> None:
        place = folder / upload.upload_id
        place.unlink(missing_ok=True)
        os.link(path, place)
        line = {
            "upload_id": upload.upload_id,
            "owner": upload.owner,
            "sha256": sha256,
            "size_bytes": upload.length_bytes,
            "metadata": dict(upload.metadata),
            "proven_by_sender": upload.proven_by_sender,
        }
        with (folder / "taken.ndjson").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")

    return take


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--limits", default="{}")
    parser.add_argument("--body-timeout-s", type=float, default=30.0)
    parser.add_argument("--window-s", type=float, default=60.0)
    given = parser.parse_args()
    store = UploadStore(
        given.folder / "uploads",
        take=take_into(given.folder / "taken"),
        clock=lambda: datetime.now(UTC),
        random_bytes=secrets.token_bytes,
        limits=Limits(**json.loads(given.limits)),
    )
    store.resume()
    app = FastAPI(openapi_url=None)
    routes = tus_routes(store, owner_of, body_timeout_s=given.body_timeout_s, window_s=given.window_s)
    app.include_router(routes)
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
