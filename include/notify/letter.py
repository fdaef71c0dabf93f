"""A message goes in, the HTML and the plain text of an e-mail that says the same come out."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from include.domain.message import Message
from include.notify.blocks import COLOURS, MAX_QUOTE, RESOLVED_COLOUR, headline, shorten, tame

MAX_LINE = 2000
MAX_ITEMS = 50

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin:0;padding:16px;font:15px/1.5 Helvetica,Arial,sans-serif;color:#1d1c1d;background:#fff">
<div style="max-width:640px;border-left:4px solid {colour};padding:2px 0 2px 14px">
<h1 style="font-size:18px;margin:0 0 8px">{title}</h1>
{body}
</div></body></html>
"""
CELL = '<td style="padding:2px 12px 2px 0;vertical-align:top{more}">{text}</td>'


def letter_text(message: Message) -> str:
    """The first line is the subject."""
    lines = [headline(message), "", tame(message.summary), ""]
    lines += [f"{tame(fact.label)}: {_cut(fact.value)}" for fact in message.facts]
    for section in message.sections:
        lines += ["", tame(section.heading), *(f"- {_cut(item)}" for item in section.items[:MAX_ITEMS])]
    if message.quotes:
        lines += ["", "Examples", *(f"> {shorten(tame(one), MAX_QUOTE)}" for one in message.quotes)]
    lines += ["", *(f"{tame(link.label)}: {tame(link.url)}" for link in message.links if _is_address(link.url))]
    return "\n".join([*lines, *_owner(message), "", tame(message.footer)]).rstrip() + "\n"


def letter_page(message: Message) -> str:
    """The chart is the inline picture `cid:chart`; nothing is loaded from anywhere."""
    colour = RESOLVED_COLOUR if message.resolved else COLOURS[message.severity]
    return PAGE.format(title=escape(headline(message)), colour=colour, body="\n".join(_parts(message)))


def _parts(message: Message) -> Iterator[str]:
    yield f"<p>{_html(message.summary)}</p>"
    if message.facts:
        rows = (f"<tr>{_cell(fact.label, ';color:#616061')}{_cell(fact.value)}</tr>" for fact in message.facts)
        yield f'<table style="border-collapse:collapse">{"".join(rows)}</table>'
    if message.chart is not None:
        style = "display:block;width:100%;max-width:600px;margin:12px 0"
        yield f'<img src="cid:chart" alt="{_html(message.chart.alt)}" style="{style}">'
    links = [f'<a href="{escape(link.url)}">{_html(link.label)}</a>' for link in message.links if _is_address(link.url)]
    if links:
        yield f"<p>{' · '.join(links)}</p>"
    for section in message.sections:
        items = "".join(f"<li>{_html(item)}</li>" for item in section.items[:MAX_ITEMS])
        yield f"<p><b>{_html(section.heading)}</b></p><ul>{items}</ul>"
    for quote in message.quotes:
        style = "margin:4px 0;padding-left:10px;border-left:3px solid #ddd"
        yield f'<blockquote style="{style}">{_html(shorten(quote, MAX_QUOTE))}</blockquote>'
    small = " ".join([*_owner(message), message.footer]).strip()
    if small:
        yield f'<p style="color:#616061;font-size:12px">{_html(small)}</p>'


def _owner(message: Message) -> list[str]:
    return [f"Owner: {tame(message.owner)}."] if message.owner else []


def _cell(text: str, more: str = "") -> str:
    return CELL.format(text=_html(text), more=more)


def _html(text: str) -> str:
    return escape(_cut(text))


def _cut(text: str) -> str:
    return shorten(tame(text), MAX_LINE)


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://"))
