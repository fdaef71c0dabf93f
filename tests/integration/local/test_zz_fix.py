import psycopg, pytest
@pytest.mark.parametrize("i", range(10))
def test_store(store_dsn, source_dsn, i):
    with psycopg.connect(store_dsn) as c:
        assert c.execute("select count(*) from pg_namespace where nspname='assay'").fetchone()==(1,)
    with psycopg.connect(source_dsn) as c: c.execute("create table x(a int)")
def test_reader(source_dsn, source_reader_dsn):
    with psycopg.connect(source_dsn) as c: c.execute("create table x(a int)")
    with psycopg.connect(source_reader_dsn) as c:
        with pytest.raises(psycopg.errors.InsufficientPrivilege): c.execute("select * from x")
