"""People and what they are told or did: logins, sessions, invitations, the audit log, notices. What a company's books hold is elsewhere."""
