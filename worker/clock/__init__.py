"""What happens because of the time: due slots, hourly counts, old history to files. What a run does is `worker.runs`."""
