"""The ground that the web app and the worker both stand on: rules, storage, and one room per outside thing. It knows neither of the two, and nothing of it runs by itself."""
