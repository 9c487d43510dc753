"""Tests of `bookkeeping/sources`."""
