"""Migrations go up and come down again on both databases, and what they make is what the models say."""

from sqlalchemy import create_engine, inspect


def test_migrations_make_what_the_models_say(tieout_on_each_database):
    checked = tieout_on_each_database.run_flask("db", "check")
    assert checked.code == 0, checked.out + checked.err


def test_migrations_come_down_and_go_up_again(tieout_on_each_database):
    tieout = tieout_on_each_database
    engine = create_engine(tieout.environment["DATABASE_URL"])
    before = set(inspect(engine).get_table_names())
    assert "companies" in before
    down = tieout.run_flask("db", "downgrade", "base")
    assert down.code == 0, down.err
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    up = tieout.run_flask("db", "upgrade")
    assert up.code == 0, up.err
    assert set(inspect(engine).get_table_names()) == before
    engine.dispose()
