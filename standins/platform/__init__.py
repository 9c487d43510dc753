"""A local inspection platform: the JSON:API feed, an admin API for tests, and pages for people.

It plays the outside world, so it imports nothing from the product. README.md lists the admin API.
"""
