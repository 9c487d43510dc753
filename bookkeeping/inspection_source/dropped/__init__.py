"""Files of inspections and payments that a person drops: read as tables, checked line by line, laid over what earlier ones said. Keeping them is not done here."""
