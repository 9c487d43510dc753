"""A company's source of inspections: opening it, with what of ours it is given, and dropping files for it. How each is read is not here: `inspection_source`."""
