"""Measures how the false-alarm budget holds as the training grows old: fitted on the past and tested on the future."""
