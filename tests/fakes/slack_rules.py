"""What Slack takes as a message: the limits that it documents, and the names of its refusals."""

from __future__ import annotations

from typing import Any, Literal


class Refused(Exception):
    """Slack answers `{"ok": false, "error": ...}`."""


def content(arguments: dict[str, Any]) -> dict[str, Any]:
    """The message that a call describes, or Slack's refusal of it."""
    blocks, attachments = arguments.get("blocks", []), arguments.get("attachments", [])
    text = arguments.get("text", "")
    if not (text or blocks or attachments):
        raise Refused("no_text")
    if len(text) > 40_000:
        raise Refused("msg_too_long")
    if len(attachments) > 100:
        raise Refused("too_many_attachments")
    inner = [block for attachment in attachments for block in attachment.get("blocks", [])]
    if len(blocks) + len(inner) > 50:
        raise Refused("msg_blocks_too_long")
    for block in [*blocks, *inner]:
        check_block(block)
    metadata = arguments.get("metadata")
    if metadata is not None and not (metadata.get("event_type") and isinstance(metadata.get("event_payload"), dict)):
        raise Refused("invalid_metadata_format")
    told = {"text": text, "blocks": blocks, "attachments": attachments, "metadata": metadata}
    return {name: value for name, value in told.items() if name in arguments}


def check_block(block: dict[str, Any]) -> None:
    match block.get("type"):
        case "header":
            check_text(block.get("text"), 150, only="plain_text")
        case "section":
            fields = block.get("fields")
            require("text" in block or bool(fields))
            if "text" in block:
                check_text(block["text"], 3000)
            for one in fields or []:
                check_text(one, 2000)
            require(len(fields or []) <= 10)
        case "context":
            require(1 <= len(block.get("elements", [])) <= 10)
            for element in block["elements"]:
                check_text(element, 3000)
        case "image":
            require(("slack_file" in block) != ("image_url" in block) and 1 <= len(block.get("alt_text", "")) <= 2000)
            require("slack_file" not in block or set(block["slack_file"]) == {"id"})
        case "actions":
            elements = block.get("elements", [])
            require(1 <= len(elements) <= 25 and all(one.get("type") == "button" for one in elements))
            require(len({one["action_id"] for one in elements}) == len(elements))
            for one in elements:
                check_text(one.get("text"), 75, only="plain_text")
                require(len(one["action_id"]) <= 255 and len(one.get("value", "")) <= 2000)
                require(one.get("style", "primary") in {"primary", "danger"})
        case "divider":
            require(set(block) <= {"type", "block_id"})
        case _:
            require(False)


def check_text(text: Any, limit: int, only: Literal["plain_text", ""] = "") -> None:
    require(isinstance(text, dict) and text.get("type") in {only or "mrkdwn", "plain_text"})
    require(set(text) <= ({"type", "text", "verbatim"} if text["type"] == "mrkdwn" else {"type", "text", "emoji"}))
    require(1 <= len(text.get("text", "")) <= limit)


def require(holds: bool) -> None:
    if not holds:
        raise Refused("invalid_blocks")
