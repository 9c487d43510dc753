"""Reading both sides and keeping what was read: the platform, the QuickBooks company, its lists, changes, drift and numbers. Nothing is written to QuickBooks here."""
