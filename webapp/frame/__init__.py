"""What every page shares: extensions, security headers, roles, error pages, navigation, words, filters, spreadsheets. No page of its own."""
