"""Files of inspections that people drop: the page, what a file would change, and what is pressed there. What its lines mean is not decided here."""
