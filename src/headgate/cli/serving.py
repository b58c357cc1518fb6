"""`serve`: the web application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer
from headgate.cli.options import examples, json_option, log_options, project_option

if TYPE_CHECKING:
    from headgate.cli.web_server import Place

PORT = 8420


@click.command(
    "serve",
    epilog=examples(
        "headgate serve",
        "headgate serve --port 0 --no-work",
        "headgate serve --host 0.0.0.0 --name lake.example.org --tls-cert cert.pem --tls-key key.pem",
        "headgate serve --behind-proxy --name lake.example.org",
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: any that is free.")
@click.option("--name", "names", multiple=True, help="Further name under which it may be called.")
@click.option("--tls-cert", type=Path, help="Certificate chain, PEM.")
@click.option("--tls-key", type=Path, help="Its private key, PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy on this machine ends TLS; its X-Forwarded headers count.")
@click.option("--no-work", is_flag=True, help="Only serve pages; do not watch the project's folders.")
@project_option
@log_options
@json_option
def serve(
    *,
    host: str,
    port: int,
    names: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    no_work: bool,
    project: Path | None,
    as_json: bool,
) -> None:
    """Serve the web application, and watch the folders of [watch] meanwhile. SIGINT and SIGTERM end it.

    It prints a link that signs the first admin in, once, within 15 minutes. Without TLS or --behind-proxy only this
    machine can call it.
    """
    from headgate.cli.web_server import Asked, serve_project
    from headgate.settings import project_settings

    asked = Asked(
        host=host,
        port=port,
        names=names,
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
        works=not no_work,
    )

    def tell(place: Place) -> None:
        lines = [
            f"Headgate serves {place.project} at {place.url}",
            f"Sign in once, as {place.account}, within 15 minutes: {place.link}",
            "End it with Ctrl+C.",
        ]
        document = {"project": place.project, "url": place.url, "account": place.account, "link": place.link}
        answer(document, lines, as_json=as_json)

    serve_project(project_settings(project), asked, tell)
