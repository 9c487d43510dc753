"""Tests of `bookkeeping/fetching`."""
