"""A page: panels of figures and tables as one HTML file to open, send and keep; it knows nothing of what they show."""
