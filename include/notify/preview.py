"""Block Kit JSON goes in, one self-contained HTML page that shows it as Slack would comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape
from string import Template
from typing import Any

from include.domain.message import Severity
from include.notify.blocks import COLOURS, RESOLVED_COLOUR, RESOLVED_SIGN, SIGNS

SIGN_COLOURS = {SIGNS[severity]: COLOURS[severity] for severity in Severity} | {RESOLVED_SIGN: RESOLVED_COLOUR}

Block = Mapping[str, Any]
"""A piece of Block Kit JSON."""

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --page: #fff; --text: #1d1c1d; --quiet: #616061; --line: #ddd; --link: #1264a3; }
@media (prefers-color-scheme: dark) {
  :root { --page: #1a1d21; --text: #d1d2d3; --quiet: #ababad; --line: #35373b; --link: #5cb3ee; }
}
body { margin: 0; padding: 24px; background: var(--page); color: var(--text);
  font: 15px/1.47 Lato, "Noto Sans", "Segoe UI", Helvetica, Arial, sans-serif; }
article { display: grid; grid-template-columns: 36px minmax(0, 680px); gap: 8px; overflow-wrap: anywhere; }
.face { width: 36px; height: 36px; border-radius: 6px; background: #4a154b; color: #fff; font-weight: 900;
  display: grid; place-items: center; }
.who { font-weight: 900; }
.badge, .edited, .context, .where { color: var(--quiet); font-size: 12px; font-weight: 400; }
.badge { background: var(--line); border-radius: 3px; padding: 0 4px; margin-left: 4px; }
h1 { font-size: 18px; line-height: 1.33; margin: 4px 0 8px; }
.sign { display: inline-block; width: .8em; height: .8em; border-radius: 50%; background: var(--bar); }
.attachment { border-left: 4px solid var(--bar); border-radius: 4px; padding: 2px 0 2px 12px; }
.attachment > * { margin: 0 0 10px; }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 8px 24px; }
.lines { white-space: pre-line; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
hr { border: 0; border-top: 1px solid var(--line); }
.where { margin: 0 0 16px; }
</style>
</head>
<body>
<p class="where">Not sent: there is no Slack connection. This is the message as Slack would show it in $channel.</p>
<article>
<div class="face" aria-hidden="true">A</div>
<div>
<div class="who">Assay<span class="badge">APP</span></div>
$body$edited
</div>
</article>
</body>
</html>
""")


def render_preview(payload: Block, *, channel: str, edits: int) -> str:
    """The page; `payload` as `render_blocks` makes it, `edits` is how often the message was edited in place."""
    parts = [*_blocks(payload.get("blocks", []))]
    for attachment in payload.get("attachments", []):
        inner = "\n".join(_blocks(attachment["blocks"]))
        bar = attachment["color"] if re.fullmatch(r"#[0-9a-f]{6}", attachment["color"]) else "#ddd"
        parts.append(f'<div class="attachment" style="--bar: {bar}">\n{inner}\n</div>')
    title = str(payload["text"]).splitlines()[0]
    return PAGE.substitute(
        title=escape(unescape(title)),
        channel=escape(channel or "the channel of the connection"),
        body="\n".join(parts),
        edited=f'\n<span class="edited">(edited {edits} times)</span>' if edits else "",
    )


def _blocks(blocks: Iterable[Block]) -> Iterable[str]:
    for block in blocks:
        match block["type"]:
            case "header":
                yield f"<h1>{_dotted(block['text']['text'])}</h1>"
            case "section" if "fields" in block:
                fields = "\n".join(f'<div class="lines">{_mrkdwn(field["text"])}</div>' for field in block["fields"])
                yield f'<div class="fields">\n{fields}\n</div>'
            case "section":
                yield f'<div class="lines">{_mrkdwn(block["text"]["text"])}</div>'
            case "context":
                inner = " ".join(_mrkdwn(element["text"]) for element in block["elements"])
                yield f'<div class="context">{inner}</div>'
            case other:
                raise ValueError(f"no preview of a block of type {other}")


def _dotted(title: str) -> str:
    """The title, its coloured sign drawn, because not every machine has a font with it."""
    for sign, colour in SIGN_COLOURS.items():
        if title.startswith(sign):
            return f'<span class="sign" style="--bar: {colour}"></span>{escape(title.removeprefix(sign))}'
    return escape(title)


def _mrkdwn(text: str) -> str:
    """Links and bold text as Slack reads them; everything else is text."""
    html = []
    for piece in re.split(r"(<https?://[^>|]+\|[^>]+>)", text):
        if piece.startswith("<") and piece.endswith(">"):
            address, label = piece[1:-1].split("|", 1)
            html.append(f'<a href="{_attribute(address)}" rel="noreferrer">{_attribute(label)}</a>')
        else:
            html.append(re.sub(r"(?m)(^|(?<=\s))\*([^*\n]+)\*(?=\s|$)", r"\1<strong>\2</strong>", _attribute(piece)))
    return "".join(html)


def _attribute(mrkdwn: str) -> str:
    return escape(unescape(mrkdwn))
