"""QuickBooks settings of a company."""

from flask import Blueprint

from webapp.roles import COMPANY_ROLES, open_to

bp = Blueprint("quickbooks", __name__)


@bp.get("/settings/quickbooks")
@open_to(*COMPANY_ROLES)
def page():
    return ""


@bp.post("/quickbooks/connect")
@open_to("owner")
def enable():
    return ""
