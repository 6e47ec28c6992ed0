"""`tapecast serve`: the same app in a browser."""

from __future__ import annotations

import ipaddress
import shlex
import sys

import click

from forecasting.errors import ConfigError
from tui.options import Options, shared_options

LOOPBACK = "127.0.0.1"


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen at.")
@click.option("--public-url", help="What the browser calls this place, where something stands between the two.")
@click.option("--demo", is_flag=True, help="Serve the demo.")
@shared_options
def serve(options: Options, host: str, port: int, public_url: str | None, demo: bool) -> None:
    """Show the app in a browser: each visit is an app of its own, over the same store.

    There is no password. Whoever reaches the address sees and steers the app, so it is this machine's own alone unless
    --host says otherwise; from elsewhere, lead it through SSH: ssh -L 8000:127.0.0.1:8000 SERVER.
    """
    if options.as_of is not None:
        raise ConfigError("--as-of is for looking back; an app lives in the present")
    try:
        from tui.serving import Serving
    except ImportError as error:
        raise ConfigError("serve needs textual-serve; run: python -m pip install 'tapecast[serve]'") from error
    settings = options.settings()
    words = [sys.executable, "-m", "tui", *options.words(settings.origin), *(["--demo"] if demo else [])]
    if not is_loopback(host):
        click.echo(f"warning: whoever reaches {host}:{port} sees and steers this app; there is no password", err=True)
    serving = Serving(shlex.join(words), host=host, port=port, title="tapecast", public_url=public_url)
    click.echo(f"{serving.public_url}  (^c ends it)", err=True)
    try:
        serving.serve()
    except OSError as error:
        raise ConfigError(f"cannot listen at {host}:{port} ({error.strerror}); give another --port") from error


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
