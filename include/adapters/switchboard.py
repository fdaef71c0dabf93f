"""A message and a channel go in; the receiver that the channel names gets it, or the fallback where that refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from include.domain.message import Address, Message
from include.domain.ports import ThreadedTransport
from include.errors import ChannelMisconfigured, NotifyError


class Switchboard:
    """One transport in front of several; `receivers` are by the word before the colon of a channel, "" without one.

    A channel that only a person can mend does not keep a message: it goes to the first of `fallbacks` that takes it,
    and its address says what happened. A receiver that does not answer is no reason for that: it may have the message.
    """

    def __init__(
        self, receivers: Mapping[str, ThreadedTransport], fallbacks: Sequence[str] = (), receiver: str = ""
    ) -> None:
        """`receiver` is the name in the log, by default that of the default receiver: a message stands in one place."""
        self._receivers = receivers
        self._fallbacks = fallbacks
        self.receiver = receiver or receivers[""].receiver

    def post(self, channel: str, message: Message) -> Address:
        """Send a new message."""
        try:
            return self._of(channel).post(channel, message)
        except ChannelMisconfigured as refusal:
            for fallback in self._fallbacks:
                if fallback != channel and (address := self._try(fallback, message)):
                    return replace(address, detour=f"{refusal}. It was told in {fallback} instead")
            raise

    def update(self, address: Address, message: Message) -> bool:
        """Edit a message where it stands."""
        return self._of(address.channel).update(address, message)

    def find(self, channel: str, key: str, since: datetime) -> Address | None:
        """The message of that key in its channel or where it may have gone instead."""
        try:
            found = self._of(channel).find(channel, key, since)
        except ChannelMisconfigured:
            found = None
        return found or next((there for one in self._fallbacks if (there := self._look(one, key, since))), None)

    def reply(self, address: Address, event: str, text: str) -> bool:
        """Add to a message's thread."""
        return self._of(address.channel).reply(address, event, text)

    def has_reply(self, address: Address, event: str) -> bool:
        """Whether the thread holds the reply of that event."""
        return self._of(address.channel).has_reply(address, event)

    def _of(self, channel: str) -> ThreadedTransport:
        return self._receivers[channel.partition(":")[0] if ":" in channel else ""]

    def _try(self, channel: str, message: Message) -> Address | None:
        try:
            return self._of(channel).post(channel, message)
        except NotifyError:
            return None

    def _look(self, channel: str, key: str, since: datetime) -> Address | None:
        try:
            return self._of(channel).find(channel, key, since)
        except NotifyError:
            return None
