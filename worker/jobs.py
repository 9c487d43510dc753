"""The one job of the queue: look at a company. What is to be done there is in the database.

RQ workers take their job class from here, so that this module, and all it needs, is imported once and not in every job's own process.
"""

import logging
import sys

from rq import get_current_job
from sqlalchemy.exc import SQLAlchemyError

from bookkeeping.errors import LeaseLostError, LeaseTakenError, MisconfiguredError
from bookkeeping.logs import bound
from bookkeeping.queueing import BellJob
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import company_or_none
from bookkeeping.storage.outages import is_outage
from bookkeeping.tracing.spans import flush
from bookkeeping.watching import refuse_to_start, speak_json_first
from worker.app import bell, vault_of, worker_app
from worker.holding.work import hold_company
from worker.runs import advance, end_broken_run, next_run

if "rq.cli.cli" in sys.modules:
    speak_json_first()  # RQ adds no handlers of its own where there is one: its lines are JSON too.
    if sys.argv[1:2] == ["worker"]:
        refuse_to_start(
            vault_of
        )  # Each job makes an app of its own; here it is said once, and nothing begins.

__all__ = ["BellJob", "look_at"]

logger = logging.getLogger(__name__)


def look_at(company_id: int) -> None:
    """Do one slice of what this company is due for, then ring again while anything is left. Safe to run twice.

    A database that goes away in the midst of it ends nothing: the run stays as far as it was, and the sweep rings for it.
    """
    job = get_current_job()
    with worker_app().app_context(), bound(job_id=job.id if job else None, company_id=company_id):
        try:
            more = _one_slice(company_id)
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            facts = {"company_id": company_id, "error": type(getattr(error, "orig", None) or error).__name__}
            logger.warning("Database out of reach", extra=facts)
            more = False
        finally:
            db.session.remove()
            flush()
        if more:
            bell().ring_again(company_id)


def _one_slice(company_id: int) -> bool:
    if company_or_none(company_id) is None:
        return False
    try:
        work = hold_company(company_id)
    except LeaseTakenError:
        return False  # Whoever holds it will see what is due; the sweep rings again.
    try:
        work.refuse_other_intuit()  # The run stays as it is, for a worker of the right Intuit.
        run = next_run(work)
        if run is None:
            work.commit()
            return False
        done = advance(work, run)
        return not done.finished or next_run(work) is not None
    except LeaseLostError as error:
        logger.warning("Lease lost", extra={"company_id": company_id, "detail": error.detail})
        return False
    except MisconfiguredError as error:
        facts = {"company_id": company_id, "code": error.code, "detail": error.detail}
        logger.error("Company left alone", extra=facts)
        return False
    except Exception as error:  # The outermost edge: a mistake of ours must not block this company for ever.
        if is_outage(error):
            raise
        logger.exception("Run broke", extra={"company_id": company_id, "run_id": work.run_id})
        end_broken_run(work)
        return False
    finally:
        work.lease.release()
