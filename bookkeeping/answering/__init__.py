"""Answering the platform: what is in the books for an inspection, keys to ask with, and who is called when an answer changes. Calling is the worker's, HTTP the web app's."""
