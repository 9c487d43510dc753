"""Our own people's pages: overview, failures, companies, and what they do there."""
