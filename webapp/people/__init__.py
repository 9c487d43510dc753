"""People: login, account, who belongs to a company, notifications, the audit log."""
