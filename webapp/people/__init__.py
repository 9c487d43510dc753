"""People: login, account, who belongs to a company, notifications, the audit log. Which page is open to whom is in `access`."""
