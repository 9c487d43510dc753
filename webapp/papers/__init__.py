"""What anybody may read without a login: the terms and the privacy statement, and where Intuit's app store leads. No company's data."""
