"""In a real Chromium, with everything running: what a person does, click by click."""
