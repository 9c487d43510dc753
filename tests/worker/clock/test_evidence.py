"""Once a night the audit log is held against the heads that were noted, and the new heads are noted."""

import logging
from pathlib import Path

from sqlalchemy import text

from bookkeeping import metrics
from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from tests.harness.in_process import Desk, Shop
from worker.app import bell, settings
from worker.clock.evidence import note_audit_heads


def test_a_cut_chain_is_said_at_night_and_counted(shop: Shop, desk: Desk, tmp_path: Path, caplog):
    from dataclasses import replace

    caplog.set_level(logging.INFO, logger="worker.clock.evidence")
    with shop.app.app_context():
        values = replace(settings(), audit_heads_file=str(tmp_path / "heads.jsonl"))
        record_act(desk.id, "ann@office.example", "paused syncing", subject="to be cut")
        db.session.commit()
        assert note_audit_heads(values, bell().redis) > 0
        assert note_audit_heads(values, bell().redis) == 0
        before = metrics.counted(bell().redis).get("tieout_security_events|audit-log-changed", 0)
        trigger = db.session.scalar(
            text("SELECT sql FROM sqlite_master WHERE name = 'audit_entries_no_delete'")
        )
        db.session.execute(text("DROP TRIGGER audit_entries_no_delete"))
        db.session.execute(text("DELETE FROM audit_entries WHERE subject = 'to be cut'"))
        db.session.execute(text(trigger))
        db.session.commit()
        note_audit_heads(values, bell().redis)
        assert metrics.counted(bell().redis)["tieout_security_events|audit-log-changed"] == before + 1
    messages = [record.message for record in caplog.records]
    assert messages.count("Audit log changed") == 1 and messages.count("Audit heads noted") == 3
