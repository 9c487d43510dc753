"""What can be switched while the stand-in runs, with the defaults; how QuickBooks really behaves is unsettled for some.

Command line and environment are read in `__main__`.
"""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "app_name": "Tieout",
    "rotate_refresh_token": True,
    "refresh_grace_seconds": 0,
    "access_token_seconds": 3600,
    "refresh_token_seconds": 8726400,
    "hard_expiry_seconds": 5 * 365 * 86400,
    "invoice_delete_with_payments": "unapply",
    "requestid_mismatch": "replay",
    "line_over_balance": "refuse",
    "foreign_invoice": "refuse",
    "auto_apply": "at-once",
    "automated_tax": "by-code",
    "limits": True,
    "requests_per_minute": 500,
    "requests_per_second": 10,
    "concurrency": 10,
    "batches_per_minute": 40,
    "batches_per_minute_per_realm": 120,
    "coreplus_quota": 0,
    "throttle_body": "json",
    "latency_ms": 0,
    "item_latency_ms": 0,
    "webhook_url": "",
    "webhook_token": "",
    "webhook_format": "cloudevents",
    "fault_texts": "english",
    "fault_element": True,
}
CHOICES = {
    "invoice_delete_with_payments": {"unapply", "refuse"},
    "requestid_mismatch": {"replay", "600"},
    "line_over_balance": {"refuse", "accept"},
    "foreign_invoice": {"refuse", "unapplied"},
    "fault_texts": {"english", "spanish", "null"},
    "auto_apply": {"at-once", "after-the-answer"},
    "automated_tax": {"by-code", "on-every-line"},
    "webhook_format": {"cloudevents", "legacy"},
    "throttle_body": {"json", "lowercase", "xml"},
}


def checked(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes in their proper types.

    Raises:
        ValueError: an unknown setting, or a value it cannot take.
    """
    result = {}
    for name, value in changes.items():
        if name not in DEFAULTS:
            raise ValueError(f"There is no setting {name}; there are {', '.join(sorted(DEFAULTS))}.")
        if name in CHOICES:
            value = str(value)
            if value not in CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(sorted(CHOICES[name]))}.")
        elif isinstance(DEFAULTS[name], str):
            value = str(value)
        elif isinstance(DEFAULTS[name], bool):
            if not isinstance(value, bool):
                raise ValueError(f"{name} is true or false.")
        elif not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} is a whole number of at least 0.")
        result[name] = value
    return result
