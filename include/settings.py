"""Environment and Airflow connections go in, one typed `Settings` comes out.

Plain settings are environment variables with the prefix `ASSAY_` (`ASSAY_SHARD_SIZE=500`). The two databases, the
judge and Slack are Airflow connections (`assay_source`, `assay_store`, `assay_judge`, `assay_slack`), so that
secrets live where the ops team keeps them. Outside Airflow, `make judge` reads `JUDGE_*` instead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from psycopg.conninfo import make_conninfo
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.errors import ConfigError

if TYPE_CHECKING:
    from airflow.sdk import Connection

ROOT = Path(__file__).parent.parent
STAGES = Path(__file__).parent


class JudgeSettings(BaseModel):
    """Which judge scores: the offline stand-in, or any endpoint that speaks OpenAI's chat completions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["offline", "openai"] = "offline"
    base_url: str = ""
    model: str = ""
    api_key: SecretStr = SecretStr("")
    provider: str = "openai"
    """The name under which the price book knows who bills for the model."""
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.1
    concurrency: Annotated[int, Field(ge=1, le=2000)] = 32
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    deadline_s: Annotated[float, Field(gt=0)] = 180.0
    """How long one call may take with all its retries."""
    max_output_tokens: Annotated[int, Field(ge=64)] = 1024


class SlackSettings(BaseModel):
    """Where messages go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr
    channel: str
    base_url: str = "https://slack.com/api/"


class Settings(BaseSettings):
    """Everything that differs between installations."""

    model_config = SettingsConfigDict(env_prefix="ASSAY_", frozen=True, extra="ignore")

    store_dsn: SecretStr
    source_dsn: SecretStr
    judge: JudgeSettings = JudgeSettings()
    slack: SlackSettings | None = None

    source: Path = STAGES / "ingest/sources/native.yaml"
    suite: Path = ROOT / "expectations/interactions.json"
    rubrics: Path = STAGES / "judges/rubrics"
    weights: Path = STAGES / "judges/weights.yaml"
    rules: Path = STAGES / "monitors/rules.yaml"
    routes: Path = STAGES / "notify/routes.yaml"
    home: Path = ROOT / ".assay"
    """Reports and, without Slack, messages are written below it: `reports/` and `outbox/`."""
    ui_url: str = "http://localhost:8080"
    """Where a person reaches Airflow; links in messages start with it."""

    shard_size: Annotated[int, Field(ge=1, le=100_000)] = 500
    sample_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the interactions that are judged; the rest is `excluded` in the ledger."""
    max_attempts: Annotated[int, Field(ge=1)] = 5
    """How many runs may try to score the same interaction before its failure is final."""
    retry_days: Annotated[int, Field(ge=0)] = 7
    """How far back a run looks for failures that a retry can mend and for rows released from quarantine."""
    retention_days: Annotated[int, Field(ge=1)] | None = None
    """Months that lie wholly before this many days are dropped by `tend_store`; None keeps everything."""


def from_airflow() -> Settings:
    """The settings of a task: connections from Airflow (any secrets backend), the rest from the environment.

    Raises `ConfigError`, naming the connection or the variable.
    """
    judge, slack = _connection("assay_judge"), _connection("assay_slack")
    values: dict[str, object] = {"store_dsn": _dsn("assay_store"), "source_dsn": _dsn("assay_source")}
    if judge:
        values["judge"] = {
            "backend": "openai",
            "base_url": judge.host,
            "api_key": judge.password or "",
            **judge.extra_dejson,
        }
    if slack:
        values["slack"] = {"token": slack.password, **slack.extra_dejson}
    return _validated(values, where="Airflow connections assay_judge, assay_slack or ASSAY_* variables")


def judge_from_environment() -> JudgeSettings:
    """The judge of `make judge` and `make demo`: `JUDGE_BASE_URL`, `JUDGE_MODEL`, `JUDGE_API_KEY`, else offline.

    Raises `ConfigError` where only one of address and model is given.
    """
    base_url, model = os.environ.get("JUDGE_BASE_URL", ""), os.environ.get("JUDGE_MODEL", "")
    if not base_url and not model:
        return JudgeSettings()
    if not (base_url and model):
        raise ConfigError("JUDGE_BASE_URL and JUDGE_MODEL go together: set both, or neither for the offline judge")
    return JudgeSettings(
        backend="openai",
        base_url=base_url,
        model=model,
        api_key=SecretStr(os.environ.get("JUDGE_API_KEY", "")),
    )


def _validated(values: dict[str, object], *, where: str) -> Settings:
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"setting {key}: {first['msg']} (from {where})") from None


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
