"""Opening a company's source of inspections, with what of ours it is given. What the sources are is in `inspection_source`; which table is read here and nowhere there."""
