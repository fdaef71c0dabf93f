"""A message goes in, Slack's Block Kit JSON comes out, within every limit that Slack documents.

Limits: https://docs.slack.dev/reference/block-kit/blocks (50 blocks a message, 150 characters in a header, 3,000 in
a section's text, 2,000 in an image's alternative text and a button's value, 75 on a button) and
https://docs.slack.dev/reference/methods/chat.postMessage. What does not fit is shortened and stands behind the links.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from include.domain.interaction import Json
from include.domain.message import Link, Message, Section, Severity, Verb

MAX_HEADER = 150
MAX_TEXT = 3000
MAX_FACTS, MAX_FACT = 12, 500
MAX_SECTIONS = 40
"""Of a message's 50 blocks; all the rest takes at most nine."""
MAX_ITEM = 300
MAX_ITEMS = 12
MAX_QUOTES, MAX_QUOTE = 3, 600
MAX_LINKS, MAX_ADDRESS, MAX_LABEL = 6, 400, 75
MAX_CONTEXT = 2000
MAX_ALT = 2000
MAX_VALUE = 2000

BUTTONS = {
    Verb.ACKNOWLEDGE: "Acknowledge",
    Verb.SNOOZE_HOUR: "Snooze 1 h",
    Verb.SNOOZE_DAY: "Snooze 1 d",
    Verb.NOT_USEFUL: "Not useful",
}
ACTION = "assay."
"""Every `action_id` of ours starts so."""

COLOURS = {Severity.CRITICAL: "#c92a2a", Severity.WARNING: "#e8590c", Severity.INFO: "#1971c2"}
SIGNS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}
RESOLVED_COLOUR, RESOLVED_SIGN = "#2b8a3e", "🟢"

ANGLES = str.maketrans("<>", "‹›")
"""A header is plain text, which Slack does not unescape: what could be a mention is another character there."""
LOOKALIKES = {"*": "∗", "_": "＿", "~": "∼", "`": "ˋ"}
FORMAT = re.compile(r"(?<![^\W_])[*_~`](?=\S)")
"""Where Slack would start bold, italic, struck or code; inside a word it does not, so that names stay as they are."""
DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Look:
    """What depends on the workspace and the app: owners' ids in Slack, and whether buttons reach anybody."""

    mentions: Mapping[str, str] = field(default_factory=dict)
    """Owner -> `U…` or `W…` of a person, `S…` of a user group."""
    buttons: bool = False


def render_blocks(message: Message, image: Json = None, look: Look = Look()) -> dict[str, Json]:
    """`text`, `blocks` (the header) and one attachment, which has the colour of the severity and all the rest.

    Slack colours nothing but attachments, and folds away what comes after the fifth block of one: what must be seen
    stands first. `text` says the same without layout: notifications and screen readers read it, and it stands alone
    where Slack refuses the layout. `image` names the uploaded chart (`{"slack_file": {"id": ...}}`).
    """
    title = shorten(headline(message).translate(ANGLES), MAX_HEADER)
    header: Json = {"type": "header", "text": {"type": "plain_text", "text": title}}
    colour = RESOLVED_COLOUR if message.resolved else COLOURS[message.severity]
    return {
        "text": _plain(message),
        "blocks": [header, *_owner(message, look)],
        "attachments": [{"color": colour, "blocks": _body(message, image, look)}],
    }


def render_reply(text: str) -> str:
    """What is said in a thread, as inert mrkdwn; each line on its own."""
    return "\n".join(fit(line, MAX_TEXT // 4) for line in text.splitlines()[:4]) or "–"


def headline(message: Message) -> str:
    """The one line that says how bad it is and what it is about."""
    if message.resolved:
        return tame(f"{RESOLVED_SIGN} Resolved: {message.title}")
    if message.severity is Severity.INFO:
        return tame(f"{SIGNS[message.severity]} {message.title}")
    return tame(f"{SIGNS[message.severity]} {message.severity.capitalize()}: {message.title}")


def _plain(message: Message) -> str:
    facts = [f"{fit(fact.label, 100)}: {fit(fact.value, MAX_ITEM)}" for fact in message.facts[:MAX_FACTS]]
    return shorten("\n".join([fit(headline(message), MAX_HEADER), fit(message.summary, MAX_ITEM), *facts]), MAX_TEXT)


def _body(message: Message, image: Json, look: Look) -> list[Json]:
    links = [_link(link) for link in message.links if _is_address(link.url)]
    blocks: list[Json] = [_text(fit(message.summary, MAX_TEXT))]
    if facts := _lines([f"*{fit(fact.label, 40)}:* {fit(fact.value, MAX_FACT)}" for fact in message.facts]):
        blocks.append(_text(facts))
    if message.chart is not None and isinstance(image, dict):
        alt = shorten(tame(message.chart.alt).translate(ANGLES), MAX_ALT)
        blocks.append({"type": "image", **image, "alt_text": alt or "–"})
    if links:
        blocks.append(_text(" · ".join(links[:MAX_LINKS])))
    if look.buttons and message.verbs and len(message.key) <= MAX_VALUE:
        blocks.append({"type": "actions", "elements": [_button(verb, message.key) for verb in message.verbs]})
    blocks += [_text(_section(section)) for section in message.sections[:MAX_SECTIONS]]
    if message.quotes:
        blocks.append(
            _text("\n".join(["*Examples*", *(f"> {fit(one, MAX_QUOTE)}" for one in message.quotes[:MAX_QUOTES])]))
        )
    if message.footer:
        blocks.append({"type": "context", "elements": [_mrkdwn(fit(message.footer, MAX_CONTEXT))]})
    return blocks


def _owner(message: Message, look: Look) -> list[Json]:
    """Whoever owns what broke; Slack calls nobody from inside an attachment, so it stands above it."""
    if not message.owner:
        return []
    known = look.mentions.get(message.owner, "")
    called = f"<!subteam^{known}>" if known.startswith("S") else f"<@{known}>" if known else fit(message.owner, 100)
    return [{"type": "context", "elements": [_mrkdwn(f"Owner: {called}")]}]


def _button(verb: Verb, key: str) -> Json:
    button: dict[str, Json] = {
        "type": "button",
        "action_id": f"{ACTION}{verb}",
        "text": {"type": "plain_text", "text": BUTTONS[verb]},
        "value": key,
    }
    return {**button, "style": "primary"} if verb is Verb.ACKNOWLEDGE else button


def _section(section: Section) -> str:
    """Heading and bullets within one block's text; what does not fit is counted."""
    bullets = [f"• {fit(item, MAX_ITEM)}" for item in section.items[: MAX_ITEMS + 1]]
    return _lines([f"*{fit(section.heading, MAX_HEADER)}*", *bullets], MAX_ITEMS + 1, len(section.items) + 1)


def _lines(lines: Sequence[str], shown: int = MAX_FACTS, whole: int = 0) -> str:
    """As many lines as one block's text takes, at most `shown`; of `whole` the others are counted."""
    room, kept = MAX_TEXT - 30, list[str]()
    for line in lines[:shown]:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    left = max(whole, len(lines)) - len(kept)
    return "\n".join([*kept, *([f"… and {left} more"] if left else [])])


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
    line = FORMAT.sub(lambda found: LOOKALIKES[found[0]], tame(text)) or "–"
    while (excess := len(escape(line)) - limit) > 0:
        line = shorten(line, min(limit, len(line) - max(1, excess // 5)))  # no character is longer than `&amp;`
    return escape(line)


def escape(text: str) -> str:
    """The three characters that mean something to Slack (https://docs.slack.dev/messaging/formatting-message-text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them an ellipsis where something was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def tame(text: str) -> str:
    """One line, without control characters and overrides of the direction, which could forge lines of a message."""
    line = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} else c for c in text)
    return re.sub(r" {2,}", " ", DIRECTION.sub("", line)).strip()
