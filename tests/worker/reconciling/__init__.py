"""Tests of a slice of reconciling, in this process, against the stand-ins over HTTP."""
