"""The application's log is read and never written, and what is wrong with it is one line that names it."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import psycopg
import pytest

from include.adapters.postgres import connect
from include.adapters.postgres.source_log import PostgresLog
from include.errors import ConfigError, SourceError, SourceSchemaError, SourceUnreachable
from include.ingest.mapping import SourceMapping
from tests.integration.ingest.house import DDL, HOUR, NATIVE, House


def mapped(**columns: str) -> SourceMapping:
    return NATIVE.model_copy(update={"columns": NATIVE.columns.model_copy(update=columns)})


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO llm_interactions (project) VALUES ('p')",
        "UPDATE llm_interactions SET project = 'p'",
        "DELETE FROM llm_interactions",
        "TRUNCATE llm_interactions",
        "DROP TABLE llm_interactions",
        "CREATE TABLE mine (x int)",
    ],
)
def test_the_reader_can_only_select(house: House, statement: str) -> None:
    with psycopg.connect(house.reader_dsn) as reader:
        assert reader.execute("SELECT count(*) FROM llm_interactions").fetchone() == (0,)
        reader.rollback()
        reader.execute("SET TRANSACTION READ WRITE")  # its rights decide, not a setting that it can change
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement.encode())


def test_what_reads_the_log_could_not_write_even_as_its_owner(house: House) -> None:
    with connect(house.owner_dsn, role="source") as owner:
        PostgresLog(owner, NATIVE.count, NATIVE.rows)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            owner.execute("DELETE FROM llm_interactions")


def refusal(house: House) -> SourceError:
    """What extract says; nothing is staged."""
    with pytest.raises(SourceError) as caught:
        house.extract()
    assert "\n" not in str(caught.value)
    assert "Remedy: " in str(caught.value)
    assert house.query("SELECT * FROM assay.staged") == []
    return caught.value


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DROP TABLE llm_interactions", 'relation "llm_interactions" does not exist'),
        ("ALTER TABLE llm_interactions DROP COLUMN latency_ms", 'column "latency_ms" does not exist'),
        ("ALTER TABLE llm_interactions RENAME logged_at TO at", 'column "logged_at" does not exist'),
        ("REVOKE SELECT ON llm_interactions FROM assay_reader", "GRANT SELECT"),
    ],
)
def test_a_log_that_is_not_what_the_mapping_says_is_named(house: House, statement: str, told: str) -> None:
    house.change_log(statement)
    error = refusal(house)
    assert isinstance(error, SourceSchemaError)
    assert told in str(error)


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        (mapped(input_tokens="user_input::bigint"), "leave the cast"),
        (mapped(latency_ms="1 / (input_tokens - 100)"), "division by zero"),
        (mapped(latency_ms="latency_ms +"), "syntax error"),
        (mapped(user_input="upper(retrieved_contexts)"), "function upper(jsonb) does not exist"),
    ],
)
def test_sql_that_fails_on_the_log_is_named(house: House, mapping: SourceMapping, told: str) -> None:
    house.log({"interaction_id": "a"})
    error = refusal(dataclasses.replace(house, mapping=mapping))
    assert isinstance(error, SourceSchemaError)
    assert told in str(error)


def test_a_percent_sign_in_the_mapping_is_the_logs_own_sql(house: House) -> None:
    house.log({"interaction_id": "a", "request_model": "gpt-4.1"}, {"interaction_id": "b", "request_model": "embed"})
    only_chat = "(SELECT * FROM llm_interactions WHERE request_model LIKE 'gpt%' AND input_tokens % 10 = 0) AS chat"
    dataclasses.replace(house, mapping=NATIVE.model_copy(update={"table": only_chat})).run()
    assert house.ids() == ["a"]


def test_an_unreachable_log_is_one_line(house: House) -> None:
    nowhere = dataclasses.replace(house, reader_dsn="postgresql://assay_reader@127.0.0.1:1/log")
    assert isinstance(refusal(nowhere), SourceUnreachable)


def test_a_connection_that_breaks_on_the_way_is_the_logs_and_not_the_stores(house: House) -> None:
    house.log(*({"interaction_id": f"{n}"} for n in range(50)))
    with (
        pytest.raises(SourceUnreachable, match=r"^source"),
        connect(house.reader_dsn, role="source") as source,
        connect(house.store_dsn),
    ):
        rows = PostgresLog(source, NATIVE.count, NATIVE.rows).read(HOUR)
        next(rows)
        with psycopg.connect(house.reader_dsn) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (source.info.backend_pid,))
        list(rows)


@pytest.mark.parametrize(
    "row_key", ["project", "NULL", "(SELECT string_agg(md5((row_id + n)::text), '') FROM generate_series(1, 200) AS n)"]
)
def test_a_row_key_that_is_no_key_is_refused_with_its_remedy(house: House, row_key: str) -> None:
    house.log({"interaction_id": "a"}, {"interaction_id": "b"})
    wrong = dataclasses.replace(house, mapping=NATIVE.model_copy(update={"row_key": row_key}))
    with pytest.raises(ConfigError, match="primary key") as caught:
        wrong.extract()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "setting", ["datestyle TO 'German, DMY'", "timezone TO 'Asia/Kolkata'", "client_encoding TO 'LATIN1'"]
)
def test_what_the_logs_database_prefers_does_not_change_what_is_read(house: House, setting: str) -> None:
    house.log({"interaction_id": "a", "response": "Grüße, nichts."})
    house.change_log(f"ALTER DATABASE {house.owner_dsn.rsplit('/', 1)[1]} SET {setting}")
    house.run()
    (row,) = house.interactions()
    assert (row["occurred_at"], row["response"]) == (HOUR.start.replace(minute=20), "Grüße, nichts.")


LATER = ("reasoning_tokens", "cache_write_tokens", "input_audio_tokens", "output_audio_tokens", "images")
LATER += ("billed_cost", "billed_currency")


def test_a_table_made_before_the_words_of_money_is_read_as_it_is_and_can_get_them(house: House) -> None:
    for column in LATER:
        house.change_log(f"ALTER TABLE llm_interactions DROP COLUMN {column}")
    house.log({"interaction_id": "old"})
    house.run()
    house.change_log(DDL)
    told = {"reasoning_tokens": 3, "cache_write_tokens": 20, "images": 0, "billed_cost": Decimal("0.00002")}
    house.log({"interaction_id": "new", **told, "billed_currency": "usd"})
    house.run()
    old, new = house.interactions()
    kept = ("reasoning_tokens", "cache_write_tokens", "images", "billed_amount", "billed_currency", "billed_cost")
    assert [old[word] for word in kept] == [None] * 6
    assert [new[word] for word in kept] == [3, 20, 0, Decimal("0.00002"), "USD", Decimal("0.00002")]
    assert old["cost"] > 0
    assert (old["price_source"], new["price_source"]) == ("list", "list")


def test_the_words_of_money_do_not_keep_a_window_from_its_index(house: House) -> None:
    with psycopg.connect(house.owner_dsn) as owner:
        owner.execute("INSERT INTO llm_interactions (logged_at) SELECT now() FROM generate_series(1, 20000)")
        owner.execute("ANALYZE llm_interactions")
        bounds = {"start": HOUR.start, "end": HOUR.end}
        plan = owner.execute(f"EXPLAIN {NATIVE.rows}".encode(), bounds).fetchall()
    assert "llm_interactions_logged_at" in str(plan)
