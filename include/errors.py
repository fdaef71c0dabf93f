"""Every error that Assay raises on purpose.

An ops engineer reads `str(error)` as the last line of a task's log: it is one line, it says what is wrong
and what to do about it.

    AssayError
    ├── ConfigError             a YAML file, a setting or a connection is wrong: file, line, key, remedy
    ├── SourceError             the application's log
    │   ├── SourceUnreachable       cannot connect, or the connection broke
    │   ├── SourceForbidden         the role may not SELECT from it
    │   └── SourceSchemaError       a table or a column that the mapping names is missing
    ├── StoreError              Assay's own database
    │   ├── StoreUnreachable        cannot connect, or the connection broke
    │   └── StoreSchemaError        migrations are missing
    ├── BatchRefused            a window as a whole is not fit to judge (schema changed, a column all NULL)
    ├── RepairRefused           a quarantined row cannot be released as it is: what still refuses it
    ├── RepricingRefused        what is past cannot be priced again as it was asked for, or not now
    ├── FeedbackRefused         what a person says of an interaction cannot be kept, or it cannot be judged again now
    ├── SilenceRefused          a silence cannot be made as it was asked for: which matcher, and what is wrong
    ├── PageMissing             a page was asked for what is not in the store
    ├── PageGivenUp             a page would take too long to read
    ├── JudgeError              one call to a judge that gave no verdict (carries `error_type`, `retryable`)
    │   └── JudgeMisconfigured      no call can succeed: wrong key, wrong model, wrong address
    └── NotifyError             a message could not be delivered
        └── ChannelMisconfigured    no retry can help: unknown channel, revoked token
"""

from __future__ import annotations


class AssayError(Exception):
    """Base of every error that Assay raises on purpose."""


class ConfigError(AssayError):
    """A YAML file, a setting or a connection is wrong."""


class PageMissing(AssayError):
    """What a page was asked for is not in the store."""


class PageGivenUp(AssayError):
    """A page would take longer to read than anybody waits."""


class SourceError(AssayError):
    """The application's log cannot be read."""


class SourceUnreachable(SourceError):
    """The application's database does not answer."""


class SourceForbidden(SourceError):
    """The role may not SELECT from the application's log."""


class SourceSchemaError(SourceError):
    """A table or column that the source's mapping names is missing."""


class StoreError(AssayError):
    """Assay's own database cannot be used."""


class StoreUnreachable(StoreError):
    """Assay's own database does not answer."""


class StoreSchemaError(StoreError):
    """Assay's own database lacks a migration."""


class BatchRefused(AssayError):
    """A window as a whole is not fit to judge: nothing of it was stored, and the message says what changed."""


class RepairRefused(AssayError):
    """A quarantined row cannot be released: it is not there, or something still refuses it."""


class RepricingRefused(AssayError):
    """What is past cannot be priced again as it was asked for, or somebody else does it just now."""


class FeedbackRefused(AssayError):
    """What a person says of an interaction cannot be kept as it is, or it cannot be judged again now."""


class SilenceRefused(AssayError):
    """A silence cannot be made as it was asked for, or what should be silenced does not exist."""


class JudgeError(AssayError):
    """One call to a judge gave no verdict.

    `error_type` is a value of `include.domain.score.FailureType`; `retryable` says whether the same call
    can succeed later.
    """

    def __init__(self, message: str, *, error_type: str, retryable: bool) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.retryable = retryable


class JudgeMisconfigured(JudgeError):
    """No call to this judge can succeed until a person mends its connection."""


class NotifyError(AssayError):
    """A message could not be delivered; sending it again may work."""


class ChannelMisconfigured(NotifyError):
    """A message cannot be delivered until a person mends the route: unknown channel, revoked token."""
