"""Block Kit JSON goes in, one self-contained HTML page that shows it as Slack would comes out."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape, unescape
from string import Template
from typing import Any

from include.domain.message import Severity
from include.notify.blocks import COLOURS, RESOLVED_COLOUR, RESOLVED_SIGN, SIGNS

SIGN_COLOURS = {SIGNS[severity]: COLOURS[severity] for severity in Severity} | {RESOLVED_SIGN: RESOLVED_COLOUR}

SPECIAL = re.compile(r"(<https?://[^>|]+\|[^>]+>|<@[A-Z0-9]+>|<!subteam\^[A-Z0-9]+>)")
"""What is not text between angle brackets: links, people and groups."""
BOLD = re.compile(r"(?<!\S)\*([^*\n]+)\*(?!\S)")

Block = Mapping[str, Any]
"""A piece of Block Kit JSON."""

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
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
.quote { display: block; border-left: 4px solid var(--line); padding-left: 12px; margin: 2px 0; }
.owner { color: var(--link); background: #1264a31a; border-radius: 3px; padding: 0 2px; }
img { display: block; width: 100%; max-width: 600px; border-radius: 8px; border: 1px solid var(--line); }
.actions { display: flex; flex-wrap: wrap; gap: 8px; }
button { font: inherit; font-weight: 700; font-size: 13px; padding: 4px 12px; border-radius: 8px;
  border: 1px solid var(--line); background: var(--page); color: var(--text); }
button.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
.thread { grid-column: 2; border-left: 2px solid var(--line); margin-top: 12px; padding-left: 16px; }
.thread > div { margin: 0 0 8px; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
hr { border: 0; border-top: 1px solid var(--line); }
.where { margin: 0 0 16px; }
</style>
</head>
<body>
<p class="where">Not sent: there is no Slack connection. This is the message as Slack would show it in $channel; its
buttons work there.</p>
<article>
<div class="face" aria-hidden="true">A</div>
<div>
<div class="who">Assay<span class="badge">APP</span></div>
$body$edited
</div>
$thread</article>
</body>
</html>
""")


def render_preview(payload: Block, *, channel: str, edits: int, chart: bytes = b"", replies: Sequence[str] = ()) -> str:
    """The page; `payload` as `render_blocks` makes it, `edits` is how often the message was edited in place.

    `chart` is the PNG of its image block, `replies` are the mrkdwn texts of its thread.
    """
    parts = [*_blocks(payload.get("blocks", []), chart)]
    for attachment in payload.get("attachments", []):
        inner = "\n".join(_blocks(attachment["blocks"], chart))
        bar = attachment["color"] if re.fullmatch(r"#[0-9a-f]{6}", attachment["color"]) else "#ddd"
        parts.append(f'<div class="attachment" style="--bar: {bar}">\n{inner}\n</div>')
    title = str(payload["text"]).splitlines()[0]
    return PAGE.substitute(
        title=escape(unescape(title)),
        channel=escape(channel or "the channel of the connection"),
        body="\n".join(parts),
        edited=f'\n<span class="edited">(edited {edits} times)</span>' if edits else "",
        thread=_thread(replies),
    )


def _thread(replies: Sequence[str]) -> str:
    if not replies:
        return ""
    count = f'<div class="context">{len(replies)} {"reply" if len(replies) == 1 else "replies"}</div>'
    inner = "\n".join(f'<div class="lines">{_mrkdwn(reply)}</div>' for reply in replies)
    return f'<div class="thread">\n{count}\n{inner}\n</div>\n'


def _blocks(blocks: Iterable[Block], chart: bytes) -> Iterable[str]:
    for block in blocks:
        match block["type"]:
            case "header":
                yield f"<h1>{_dotted(block['text']['text'])}</h1>"
            case "section":
                yield f'<div class="lines">{_mrkdwn(block["text"]["text"])}</div>'
            case "context":
                inner = " ".join(_mrkdwn(element["text"]) for element in block["elements"])
                yield f'<div class="context">{inner}</div>'
            case "image":
                source = f"data:image/png;base64,{b64encode(chart).decode()}"
                yield f'<img src="{source}" alt="{_attribute(block["alt_text"])}">'
            case "actions":
                yield f'<div class="actions">{"".join(map(_button, block["elements"]))}</div>'
            case other:
                raise ValueError(f"no preview of a block of type {other}")


def _button(element: Block) -> str:
    kind = ' class="primary"' if element.get("style") == "primary" else ""
    return f"<button{kind}>{escape(element['text']['text'])}</button>"


def _dotted(title: str) -> str:
    """The title, its coloured sign drawn, because not every machine has a font with it."""
    for sign, colour in SIGN_COLOURS.items():
        if title.startswith(sign):
            return f'<span class="sign" style="--bar: {colour}"></span>{escape(title.removeprefix(sign))}'
    return escape(title)


def _mrkdwn(text: str) -> str:
    """Links, mentions, quotes and bold text as Slack reads them; everything else is text."""
    lines = []
    for line in text.split("\n"):
        quoted = line.startswith("> ")
        html = "".join(map(_piece, SPECIAL.split(line.removeprefix("> "))))
        lines.append(f'<span class="quote">{html}</span>' if quoted else f"{html}\n")
    return "".join(lines).rstrip("\n")


def _piece(text: str) -> str:
    if SPECIAL.fullmatch(text) and "|" in text:
        address, label = text[1:-1].split("|", 1)
        return f'<a href="{_attribute(address)}" rel="noreferrer">{_attribute(label)}</a>'
    if SPECIAL.fullmatch(text):
        return f'<span class="owner">{_attribute(text[1:-1].replace("!subteam^", "@"))}</span>'
    return BOLD.sub(r"<strong>\1</strong>", _attribute(text))


def _attribute(mrkdwn: str) -> str:
    return escape(unescape(mrkdwn))
