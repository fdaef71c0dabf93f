"""Enters: a word of the command line. Leaves: the local runtime up, down, asked or removed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from local.errors import LocalError
from local.layout import Databases, Layout
from local.sql import write_csv

DATABASES = {"store": "store_dsn", "source": "source_owner_dsn", "airflow": "airflow_dsn"}


class UsageError(LocalError):
    """What was asked for cannot be done; the message says what can."""


def up(layout: Layout) -> None:
    """Start everything and leave it running."""
    from local.airflow_environment import USER
    from local.runtime import Runtime

    running = Runtime(layout).start()
    print(f"Airflow   {running.api.base_url}")
    print(f"user      {USER}\npassword  {layout.secrets['admin']}")
    print("Stop it with `make down`.")


def down(layout: Layout) -> None:
    """Stop everything."""
    from local.runtime import Runtime

    Runtime(layout).stop()


def keep(layout: Layout) -> None:
    """Wait until standard input closes, then stop everything."""
    sys.stdin.buffer.read()
    down(layout)


def sql(layout: Layout) -> None:
    """Answer the query in `ASSAY_SQL` about the database in `ASSAY_DB` (store, source or airflow) as CSV."""
    query, name = os.environ.get("ASSAY_SQL", "").strip(), os.environ.get("ASSAY_DB") or "store"
    if not query:
        raise UsageError('give a query: make sql Q="select count(*) from scores"')
    if name not in DATABASES:
        raise UsageError(f"DB={name} is not one of {', '.join(DATABASES)}")
    if not layout.postgres.directory.exists():
        raise UsageError("there is no data yet: run `make demo` first")
    with layout.postgres.borrowed() as endpoint:
        write_csv(getattr(Databases.of(endpoint, layout.secrets), DATABASES[name]), query, sys.stdout)


def release(layout: Layout) -> None:
    """Let the quarantined rows of `ASSAY_ROWS` (keys) out, with the fields of `ASSAY_REPAIR` (JSON) replaced."""
    from include import pipeline
    from include.errors import AssayError
    from local.airflow_environment import connections

    keys, repair = os.environ.get("ASSAY_ROWS", "").split(), os.environ.get("ASSAY_REPAIR") or "{}"
    if not keys:
        raise UsageError('name the rows: make release ROWS="12 15" (column row_key of assay.quarantine)')
    with layout.postgres.borrowed() as endpoint:
        databases = Databases.of(endpoint, layout.secrets)
        os.environ |= connections(databases)
        try:
            released = pipeline.release_rows(keys, json.loads(repair))
        except json.JSONDecodeError as error:
            raise UsageError(f"SET is no JSON object: {error}") from None
        except AssayError as error:
            raise UsageError(str(error)) from None
    print(f"{released} released; the next run of score_interactions scores them")


def rubric(layout: Layout) -> None:
    """Check the rubric in the file `ASSAY_RUBRIC`, on interactions of the store if there is one."""
    from include import rubric_check

    arguments = [os.environ.get("ASSAY_RUBRIC", "")]
    if not layout.postgres.directory.exists():
        sys.exit(rubric_check.main(arguments))
    with layout.postgres.borrowed() as endpoint:
        sys.exit(rubric_check.main([*arguments, Databases.of(endpoint, layout.secrets).store_dsn]))


def rules(layout: Layout) -> None:
    """Try the rules of `ASSAY_TRIED` on the history from `ASSAY_SINCE` to `ASSAY_UNTIL`; `ASSAY_TRY` holds flags."""
    from include import rules_trial

    since, until, tried = (os.environ.get(f"ASSAY_{name}", "") for name in ("SINCE", "UNTIL", "TRIED"))
    if not since:
        raise UsageError("say since when: make rules-try SINCE=2026-11-01 [RULES=my_rules.yaml]")
    if not layout.postgres.directory.exists():
        raise UsageError("there is no data yet: run `make demo` first")
    optional = [f"--{name}={value}" for name, value in (("until", until), ("rules", tried)) if value]
    with layout.postgres.borrowed() as endpoint:
        store = Databases.of(endpoint, layout.secrets).store_dsn
        flags = os.environ.get("ASSAY_TRY", "").split()
        sys.exit(rules_trial.main([store, f"--since={since}", *optional, *flags]))


def export(layout: Layout) -> None:
    """Write the costs of `ASSAY_MONTH`, or of `ASSAY_FROM` to `ASSAY_TO`, to the file `ASSAY_OUT` in FOCUS columns."""
    from include import cost_export

    month, first, last, out, account = (
        os.environ.get(f"ASSAY_{name}", "") for name in ("MONTH", "FROM", "TO", "OUT", "ACCOUNT")
    )
    if not out:
        raise UsageError("name the file: make export-costs MONTH=2026-11 OUT=costs.csv (or .parquet)")
    if not layout.postgres.directory.exists():
        raise UsageError("there is no data yet: run `make demo` first")
    with layout.postgres.borrowed() as endpoint:
        store = Databases.of(endpoint, layout.secrets).store_dsn
        asked = (("month", month), ("from", first), ("to", last), ("store", store), ("account", account))
        sys.exit(cost_export.main([*(f"--{name}={value}" for name, value in asked), "--", out]))


def reprice(layout: Layout) -> None:
    """Price the calls of `ASSAY_FROM` to `ASSAY_TO` again, by `ASSAY_BY` because of `ASSAY_WHY`."""
    from include import repricing
    from local.airflow_environment import connections

    if not layout.postgres.directory.exists():
        raise UsageError("there is no data yet: run `make demo` first")
    given = [
        f"--{name}={os.environ.get(f'ASSAY_{name.upper()}', '')}" for name in ("from", "to", "project", "by", "why")
    ]
    with layout.postgres.borrowed() as endpoint:
        os.environ |= connections(Databases.of(endpoint, layout.secrets))
        sys.exit(repricing.main([*given, *(["--dry"] if os.environ.get("ASSAY_DRY") else [])]))


def silence(layout: Layout) -> None:
    """Silence what `ASSAY_MATCH` matches for `ASSAY_FOR`, by `ASSAY_BY` because of `ASSAY_WHY`."""
    _on_call(layout, "silence")


def silences(layout: Layout) -> None:
    """List the silences that are not over."""
    _on_call(layout, "silences")


def expire(layout: Layout) -> None:
    """End the silence of the id in `ASSAY_SILENCE`."""
    _on_call(layout, "expire", os.environ.get("ASSAY_SILENCE", ""))


def _on_call(layout: Layout, *arguments: str) -> None:
    from include import oncall
    from local.airflow_environment import connections

    if not layout.postgres.directory.exists():
        raise UsageError("there is no data yet: run `make demo` first")
    with layout.postgres.borrowed() as endpoint:
        os.environ |= connections(Databases.of(endpoint, layout.secrets))
        sys.exit(oncall.main(arguments))


def clean(layout: Layout) -> None:
    """Stop everything and remove what the local runtime wrote."""
    down(layout)
    layout.postgres.destroy()
    shutil.rmtree(layout.state, ignore_errors=True)


COMMANDS: dict[str, Callable[[Layout], None]] = {
    command.__name__: command
    for command in (up, down, keep, sql, release, rubric, rules, export, reprice, silence, silences, expire, clean)
}


def main(arguments: list[str]) -> int:
    """Run one command, for the project in the optional second argument; 1 says that it failed, in one line."""
    if not arguments or arguments[0] not in COMMANDS:
        print(f"usage: python -m local {{{','.join(COMMANDS)}}}", file=sys.stderr)
        return 2
    layout = Layout(Path(arguments[1])) if len(arguments) > 1 else Layout()
    try:
        COMMANDS[arguments[0]](layout)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except LocalError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
