"""Environment and Airflow connections go in, one typed `Settings` comes out.

Plain settings are environment variables with the prefix `ASSAY_` (`ASSAY_SHARD_SIZE=500`). The two databases, the
judge and Slack are Airflow connections (`assay_source`, `assay_store`, `assay_judge`, `assay_slack`), so that
secrets live where the ops team keeps them. Outside Airflow, `make judge` reads `JUDGE_*` instead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from psycopg.conninfo import make_conninfo
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.errors import ConfigError

if TYPE_CHECKING:
    from airflow.sdk import Connection

ROOT = Path(__file__).parent.parent
STAGES = Path(__file__).parent


class Accepts(BaseModel):
    """What a model accepts, where that is known before it is asked; None where it is not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: bool | None = None
    limit: Literal["max_tokens", "max_completion_tokens", ""] | None = None
    """What the token limit is called; "" where none is accepted. Anthropic's is always `max_tokens`."""
    shape: Literal["json_schema", "schema_in_object", "json_object", "tool", "plain"] | None = None
    """How it is told to answer with JSON: the `object`s only by chat completions, `tool` only by Anthropic."""
    logprobs: bool | None = None


ANTHROPIC_URL = "https://api.anthropic.com"


class JudgeSettings(BaseModel):
    """Which judge scores: the offline stand-in, any endpoint that speaks OpenAI's chat completions, or a Claude."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["offline", "openai", "anthropic"] = "offline"
    base_url: str = ""
    model: str = ""
    api_key: SecretStr = SecretStr("")
    provider: str = "openai"
    """The name under which the price book knows who bills for the model."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.1
    accepts: Accepts = Accepts()
    """What the model accepts, if `include/adapters/llm/models.yaml` does not say it or says it wrongly."""
    concurrency: Annotated[int, Field(ge=1, le=2000)] = 32
    """Calls under way at once; like the limits per minute of all workers together, who share it evenly."""
    requests_per_minute: Annotated[float, Field(gt=0)] | None = None
    tokens_per_minute: Annotated[float, Field(gt=0)] | None = None
    """Prompt and reply."""
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    deadline_s: Annotated[float, Field(gt=0)] = 180.0
    """How long one call may take with all its retries, once it may be sent."""
    max_output_tokens: Annotated[int, Field(ge=64)] = 1024

    @model_validator(mode="before")
    @classmethod
    def _anthropic_by_default(cls, given: object) -> object:
        """Where Claude is and who bills for it need not be said; a connection without a host has None there."""
        if not isinstance(given, Mapping) or given.get("backend") != "anthropic":
            return given
        defaults = {"base_url": ANTHROPIC_URL, "provider": "anthropic"}
        return {**given, **{name: given.get(name) or value for name, value in defaults.items()}}


class SlackSettings(BaseModel):
    """Where messages go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr
    channel: str
    base_url: str = "https://slack.com/api/"
    app_token: SecretStr | None = None
    """`xapp-…`: with it the service `python -m include.slack_socket` receives buttons, without a public address."""
    signing_secret: SecretStr | None = None
    """With it Airflow's plugin receives buttons by HTTP."""
    patience_s: Annotated[float, Field(gt=0)] = 60.0
    """How long one message may take with all its waits."""

    @property
    def has_buttons(self) -> bool:
        """Whether anybody hears when a button is pressed."""
        return bool(self.app_token or self.signing_secret)


class MailSettings(BaseModel):
    """The server that takes e-mail, from the Airflow connection `smtp_default`; keys as the SMTP provider has them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: str
    port: int = 465
    user: str = ""
    password: SecretStr = SecretStr("")
    from_email: str = ""
    disable_ssl: bool = False
    disable_tls: bool = False

    @property
    def security(self) -> Literal["ssl", "starttls", ""]:
        """How the connection is kept private."""
        if not self.disable_ssl:
            return "ssl"
        return "" if self.disable_tls else "starttls"


class WebhookSettings(BaseModel):
    """Where messages are posted as JSON, and the secret that signs them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: Annotated[str, Field(pattern=r"^https?://")]
    secret: SecretStr = SecretStr("")


class WhenParsed(BaseSettings):
    """What is read where DAGs are parsed, from the environment alone."""

    model_config = SettingsConfigDict(env_prefix="ASSAY_", frozen=True, extra="ignore")

    report_approval: bool = False
    """Whether a person approves the weekly report before it is sent."""
    report_approval_hours: Annotated[float, Field(gt=0)] = 72.0
    """How long it waits for an answer; without one it is not sent."""
    ui_url: str = "http://localhost:8080"
    """Where a person reaches Airflow; links in messages start with it."""


class Settings(WhenParsed):
    """Everything that differs between installations."""

    store_dsn: SecretStr
    source_dsn: SecretStr
    judge: JudgeSettings = JudgeSettings()
    slack: SlackSettings | None = None
    mail: MailSettings | None = None

    source: Path = STAGES / "ingest/sources/native.yaml"
    suite: Path = ROOT / "expectations/interactions.json"
    rubrics: Path = STAGES / "judges/rubrics"
    weights: Path = STAGES / "judges/weights.yaml"
    judging: Path = STAGES / "judges/judging.yaml"
    rules: Path = STAGES / "monitors/rules.yaml"
    routes: Path = STAGES / "notify/routes.yaml"
    maintenance: Path = STAGES / "notify/maintenance.yaml"
    """When what is planned is told to nobody."""
    heartbeat_url: str = ""
    """Asked whenever `watch_quality` or `watch_assay` came to its end, so that a watcher outside notices silence."""
    late_after_min: Annotated[int, Field(ge=1)] = 90
    """A window that was not settled so many minutes after it ended is late."""
    contracts: Path = STAGES / "ledger/contracts.yaml"
    """What models cost beside the public price list, and what currencies are worth."""
    budgets: Path = STAGES / "ledger/budgets.yaml"
    """What projects may spend in a month, and who answers for it."""
    home: Path = ROOT / ".assay"
    """Reports and, without Slack, messages are written below it: `reports/` and `outbox/`."""

    report_email: Annotated[str, Field(pattern=r"^([^\s,@:]+@[^\s,@]+(,[^\s,@:]+@[^\s,@]+)*)?$")] = ""
    """Who gets the weekly report's summary by e-mail too: addresses with commas between, none by default."""

    shard_size: Annotated[int, Field(ge=1, le=100_000)] = 500
    sampling: Path = STAGES / "ingest/sampling.yaml"
    """Which interactions are judged; the rest is `excluded` in the ledger."""
    sample_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Overrides the base rate of the sampling plan."""
    probes: Annotated[int, Field(ge=0)] = 20
    """Interactions of each project and day that are judged once more in disguise; 0 for none."""
    max_attempts: Annotated[int, Field(ge=1)] = 5
    """How many runs may try to score the same interaction before its failure is final."""
    retry_days: Annotated[int, Field(ge=0)] = 7
    """How far back a run looks for failures that a retry can mend and for rows released from quarantine."""
    batch_hours: Annotated[float, Field(gt=0)] = 24.0
    """How long providers' batches may take in all their rounds; what they have not answered then is called live."""
    user_group: str = "user_group"
    """The attribute of an interaction that names the group of its user, by which spend is summed."""
    retention_days: Annotated[int, Field(ge=1)] | None = None
    """Months that lie wholly before this many days are dropped by `tend_store`; None keeps everything."""


def when_parsed() -> WhenParsed:
    """Raises `ConfigError`, naming the variable."""
    try:
        return WhenParsed()
    except ValidationError as error:
        raise ConfigError(f"setting {_told(error)} (from ASSAY_* variables)") from None


def from_airflow() -> Settings:
    """The settings of a task: connections from Airflow (any secrets backend), the rest from the environment.

    Raises `ConfigError`, naming the connection or the variable.
    """
    judge, slack = _connection("assay_judge"), _connection("assay_slack")
    values: dict[str, object] = {"store_dsn": _dsn("assay_store"), "source_dsn": _dsn("assay_source")}
    if judge:
        values["judge"] = _judge(judge)
    if slack:
        values["slack"] = {"token": slack.password, **slack.extra_dejson}
    if mail := _connection("smtp_default"):
        told = _given(host=mail.host, port=mail.port, user=mail.login, password=mail.password)
        values["mail"] = told | mail.extra_dejson
    return _validated(values, where="Airflow connections assay_judge, assay_slack, smtp_default or ASSAY_* variables")


def webhook_named(connection_id: str) -> WebhookSettings | None:
    """The receiver that a route calls `webhook:<connection_id>`; None where Airflow has no such connection.

    Raises `ConfigError`.
    """
    found = _connection(connection_id)
    if found is None:
        return None
    try:
        return WebhookSettings.model_validate(_given(url=found.host, secret=found.password))
    except ValidationError as error:
        raise ConfigError(f"setting {_told(error)} (from Airflow connection {connection_id})") from None


def for_the_store() -> Settings:
    """The settings of a callback that only writes to the store, so that Airflow is asked for one connection alone.

    In the DAG processor each that is asked for takes seconds. Raises `ConfigError`.
    """
    values: dict[str, object] = {"store_dsn": _dsn("assay_store"), "source_dsn": SecretStr("")}
    return _validated(values, where="Airflow connection assay_store or ASSAY_* variables")


def judge_named(name: str) -> JudgeSettings:
    """The judge that judging.yaml calls by that name, from the Airflow connection `assay_judge_<name>`.

    Raises `ConfigError`.
    """
    connection_id = f"assay_judge_{name}"
    found = _connection(connection_id)
    if found is None:
        raise ConfigError(
            f"Airflow has no connection {connection_id}, whose model judging.yaml names as {name}: create it like "
            "assay_judge, or name another model there"
        )
    try:
        return JudgeSettings.model_validate(_judge(found))
    except ValidationError as error:
        raise ConfigError(f"setting {_told(error)} (from Airflow connection {connection_id})") from None


def judge_from_environment() -> JudgeSettings:
    """The judge of `make judge` and `make demo`: `JUDGE_BASE_URL`, `JUDGE_MODEL`, `JUDGE_API_KEY`, else offline.

    `JUDGE_BACKEND=anthropic` is for Claude, whose address is known; `JUDGE_PROVIDER` names who bills, for the price;
    the other fields of `JudgeSettings` are told likewise (`JUDGE_TIMEOUT_S=600`).
    Raises `ConfigError` where only one of address and model is given, or the backend is unknown.
    """
    given = _from_environment("JUDGE_")
    if given.get("backend") == "offline" or not given.keys() & {"backend", "base_url", "model"}:
        return JudgeSettings()
    judge = _judge_by("JUDGE_", given)
    if not (judge.base_url and judge.model):
        raise ConfigError("JUDGE_BASE_URL and JUDGE_MODEL go together: set both, or neither for the offline judge")
    return judge


def named_judge_from_environment(name: str) -> JudgeSettings:
    """The judge that judging.yaml calls by that name: `JUDGE_<NAME>_MODEL`, at the endpoint of `JUDGE_*` or its own.

    The key of one endpoint is never sent to another. Raises `ConfigError`.
    """
    prefix = f"JUDGE_{name.upper()}_"
    own = _from_environment(prefix)
    if "model" not in own:
        raise ConfigError(f"judging.yaml names a model {name}: set {prefix}MODEL, or name another model there")
    elsewhere = own.keys() & {"backend", "base_url"}
    return _judge_by(prefix, own if elsewhere else {**_from_environment("JUDGE_"), **own})


def _from_environment(prefix: str) -> dict[str, str]:
    names = JudgeSettings.model_fields.keys() - {"accepts"}
    return {name: value for name in names if (value := os.environ.get(f"{prefix}{name.upper()}", ""))}


def _judge_by(prefix: str, given: Mapping[str, str]) -> JudgeSettings:
    try:
        return JudgeSettings.model_validate({"backend": "openai", **given})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ConfigError(f"{prefix}{str(first['loc'][0]).upper()}: {first['msg']}") from None


def _judge(found: Connection) -> dict[str, object]:
    return {
        "backend": "openai",
        "base_url": found.host,
        "api_key": found.password or "",
        **found.extra_dejson,
    }


def _given(**values: object) -> dict[str, object]:
    """What a connection says; what it leaves out has a default."""
    return {name: value for name, value in values.items() if value is not None}


def _validated(values: dict[str, object], *, where: str) -> Settings:
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError(f"setting {_told(error)} (from {where})") from None


def _told(error: ValidationError) -> str:
    """What is wrong first, without the value: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _dsn(connection_id: str) -> SecretStr:
    found = _connection(connection_id)
    if found is None:
        raise ConfigError(f"Airflow has no connection {connection_id}: create it with type postgres")
    return SecretStr(
        make_conninfo(
            host=found.host,
            port=found.port,
            user=found.login,
            password=found.password,
            dbname=found.schema,
            **found.extra_dejson,
        )
    )


def _connection(connection_id: str) -> Connection | None:
    from airflow.sdk import Connection  # costs a second at import: only a task pays it
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found: Connection = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    return found
