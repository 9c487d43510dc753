"""What every page shares to look at: error pages, navigation, words, filters, spreadsheets. No page of its own; who may see it is `access`'s."""
