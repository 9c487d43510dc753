"""What waits for a person's choice: documents changed in QuickBooks, and which Customer a client is."""
