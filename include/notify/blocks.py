"""A message goes in, Slack's Block Kit JSON comes out, within every limit that Slack documents.

Limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks a message, 150 characters in a header, 3,000 in
a section's text, 10 fields of 2,000 each) and https://docs.slack.dev/methods/chat.postMessage.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from include.domain.interaction import Json
from include.domain.message import Link, Message, Section, Severity

MAX_HEADER = 150
MAX_TEXT = 3000
MAX_FIELDS = 10
MAX_FIELD = 2000
MAX_SECTIONS = 40
"""Of a message's 50 blocks; header, summary, facts, links and footer take at most nine."""
MAX_ITEM = 300
MAX_ITEMS = 12
MAX_LINKS, MAX_ADDRESS, MAX_LABEL = 5, 400, 75

COLOURS = {Severity.CRITICAL: "#c92a2a", Severity.WARNING: "#e8590c", Severity.INFO: "#1971c2"}
SIGNS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}
RESOLVED_COLOUR, RESOLVED_SIGN = "#2b8a3e", "🟢"

ANGLES = str.maketrans("<>", "‹›")
"""A header is plain text, which Slack does not unescape: what could be a mention is another character there."""
LOOKALIKES = {"*": "∗", "_": "＿", "~": "∼", "`": "ˋ"}
FORMAT = re.compile(r"(?<![^\W_])[*_~`](?=\S)")
"""Where Slack would start bold, italic, struck or code; inside a word it does not, so that names stay as they are."""
DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def render_blocks(message: Message) -> dict[str, Json]:
    """`text`, `blocks` (the header) and one attachment, which has the colour of the severity and all the rest.

    Slack colours nothing but attachments. `text` says the same without layout: notifications and screen readers read
    it, and it stands alone where Slack refuses the layout.
    """
    title = shorten(headline(message).translate(ANGLES), MAX_HEADER)
    header: Json = {"type": "header", "text": {"type": "plain_text", "text": title}}
    colour = RESOLVED_COLOUR if message.resolved else COLOURS[message.severity]
    return {
        "text": _plain(message),
        "blocks": [header],
        "attachments": [{"color": colour, "blocks": _body(message)}],
    }


def headline(message: Message) -> str:
    """The one line that says how bad it is and what it is about."""
    if message.resolved:
        return _line(f"{RESOLVED_SIGN} Resolved: {message.title}")
    if message.severity is Severity.INFO:
        return _line(f"{SIGNS[message.severity]} {message.title}")
    return _line(f"{SIGNS[message.severity]} {message.severity.capitalize()}: {message.title}")


def _plain(message: Message) -> str:
    facts = [f"{fit(fact.label, 100)}: {fit(fact.value, MAX_ITEM)}" for fact in message.facts[:MAX_FIELDS]]
    return shorten("\n".join([fit(headline(message), MAX_HEADER), fit(message.summary, MAX_ITEM), *facts]), MAX_TEXT)


def _body(message: Message) -> list[Json]:
    blocks: list[Json] = [_text(fit(message.summary, MAX_TEXT))]
    for start in range(0, min(len(message.facts), 2 * MAX_FIELDS), MAX_FIELDS):
        facts = message.facts[start : start + MAX_FIELDS]
        fields: list[Json] = [
            _mrkdwn(f"*{fit(fact.label, 100)}*\n{fit(fact.value, MAX_FIELD - 110)}") for fact in facts
        ]
        blocks.append({"type": "section", "fields": fields})
    blocks += [_text(_section(section)) for section in message.sections[:MAX_SECTIONS]]
    links = [_link(link) for link in message.links if _is_address(link.url)]
    if links:
        blocks.append(_text(" · ".join(links[:MAX_LINKS])))
    if message.footer:
        blocks.append({"type": "context", "elements": [_mrkdwn(fit(message.footer, MAX_FIELD))]})
    return blocks


def _section(section: Section) -> str:
    """Heading and bullets within one block's text; what does not fit is counted."""
    lines = [f"*{fit(section.heading, MAX_HEADER)}*"]
    room = MAX_TEXT - len(lines[0]) - 30
    for number, item in enumerate(section.items):
        line = f"• {fit(item, MAX_ITEM)}"
        room -= len(line) + 1
        if number == MAX_ITEMS or room < 0:
            lines.append(f"… and {len(section.items) - number} more")
            break
        lines.append(line)
    return "\n".join(lines)


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= MAX_ADDRESS


def _link(link: Link) -> str:
    address = quote(link.url, safe="%/:?#[]@!$&'()*+,;=~").replace("&", "&amp;")
    return f"<{address}|{fit(link.label, MAX_LABEL)}>"


def _text(mrkdwn: str) -> Json:
    return {"type": "section", "text": _mrkdwn(mrkdwn)}


def _mrkdwn(text: str) -> Json:
    """`verbatim` keeps Slack from turning names and addresses inside the text into mentions and links."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def fit(text: str, limit: int) -> str:
    """Logged text as one line of inert mrkdwn, 1 to `limit` characters long after escaping."""
    line = FORMAT.sub(lambda found: LOOKALIKES[found[0]], _line(text)) or "–"
    while (excess := len(escape(line)) - limit) > 0:
        line = shorten(line, min(limit, len(line) - max(1, excess // 5)))  # no character is longer than `&amp;`
    return escape(line)


def escape(text: str) -> str:
    """The three characters that mean something to Slack (https://docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them an ellipsis where something was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _line(text: str) -> str:
    """Without line breaks, control characters and overrides of the direction, which could forge lines of a message."""
    tame = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} else c for c in text)
    return re.sub(r" {2,}", " ", DIRECTION.sub("", tame)).strip()
