"""Taking in what other people's servers answer, within bounds, and from public addresses alone where a person typed the name. Knows no books."""
