"""Tests of `webapp/dropping`."""
