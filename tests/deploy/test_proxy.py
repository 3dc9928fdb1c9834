"""The reverse proxy lets in what Telegram posts, and nothing else: nginx itself, on loopback."""

import http.client
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Thread
from typing import ClassVar

import pytest
from typing_extensions import override

from tests.deploy.conftest import Tool

AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/balance-bot.conf;
}}
"""


class Bot(BaseHTTPRequestHandler):
    """Takes whatever comes, and keeps its secret."""

    came: ClassVar[list[tuple[str, str, int]]] = []

    def do_POST(self) -> None:
        """Keep what came."""
        size = int(self.headers["Content-Length"])
        self.rfile.read(size)
        secret = self.headers["X-Telegram-Bot-Api-Secret-Token"]
        self.came.append((self.path, secret, size))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def bot() -> Iterator[ThreadingHTTPServer]:
    """Start what stands for the bot."""
    Bot.came = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Bot) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def free_port() -> int:
    """Find a port that nobody listens at."""
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def proxy(
    deploy: Path, tmp_path: Path, tool: Tool, bot: ThreadingHTTPServer
) -> Iterator[http.client.HTTPSConnection]:
    """Start nginx as it is deployed, but for name, certificate and ports."""
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    made = f"{tool('openssl')} req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost"
    subprocess.run(
        [*made.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    ours = (deploy / "nginx.conf").read_text("utf-8")
    ours = re.sub(r"(ssl_certificate) \S+;", rf"\1 {certificate};", ours)
    ours = re.sub(r"(ssl_certificate_key) \S+;", rf"\1 {key};", ours)
    ours = ours.replace("listen 443", f"listen 127.0.0.1:{port}")
    ours = ours.replace("127.0.0.1:8081", f"127.0.0.1:{bot.server_port}")
    (tmp_path / "balance-bot.conf").write_text(ours)
    whole = tmp_path / "nginx.conf"
    whole.write_text(AROUND.format(folder=tmp_path))
    command = [tool("nginx"), "-c", str(whole), "-e", str(tmp_path / "error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    with running(command):
        await_port(port)
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        yield connection
        connection.close()


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    """Run a program, and end it."""
    with subprocess.Popen(command) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=10)


def await_port(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("nginx does not listen")


def answer(
    proxy: http.client.HTTPSConnection, method: str, path: str, size: int = 10
) -> tuple[int, str]:
    """Ask through the proxy; return the status, and what it says of itself."""
    proxy.close()
    proxy.request(method, path, b"x" * size, {"X-Telegram-Bot-Api-Secret-Token": "s3cret"})
    answered = proxy.getresponse()
    answered.read()
    return answered.status, answered.headers["Server"]


def test_only_updates_come_in(proxy: http.client.HTTPSConnection) -> None:
    """By their path, as posts, with the secret as it came, and not too large."""
    assert answer(proxy, "POST", "/telegram", 1_000_000) == (200, "nginx")
    assert Bot.came == [("/telegram", "s3cret", 1_000_000)]
    assert answer(proxy, "POST", "/telegram", 1_100_000)[0] == 413
    assert answer(proxy, "GET", "/telegram")[0] == 403
    for path in ("/", "/metrics", "/healthz", "/telegram/more", "/telegram/../metrics"):
        assert answer(proxy, "GET", path)[0] == 404
        assert answer(proxy, "POST", path)[0] == 404
    assert len(Bot.came) == 1
