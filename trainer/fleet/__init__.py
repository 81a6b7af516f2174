"""Work on many stations: one process for each, as many at a time as asked for, here or on a Dask cluster."""
