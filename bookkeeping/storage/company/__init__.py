"""A company itself: its settings, its connection with sealed tokens, and what its QuickBooks calls things. Its inspections and documents are in `records`, its people in `people`."""
