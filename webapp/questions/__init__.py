"""What waits for a person's choice: documents changed in QuickBooks, and which Customer a client is. What a choice does to rows is in `bookkeeping.acts`."""
