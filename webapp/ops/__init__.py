"""Our own people's pages: overview, failures, companies, and what they do there. What a company's own people see is not here."""
