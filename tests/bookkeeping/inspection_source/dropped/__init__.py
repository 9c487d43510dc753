"""Tests of `bookkeeping/inspection_source/dropped`, and the files that they drop."""
