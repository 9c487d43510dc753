"""What runs without a browser: schedule, poll, reconcile, migrate, drift, numbers. Never imports the web app."""
