"""Picture work: bytes in, bytes out. `service.Imaging` runs the rest in worker processes.

Nothing is imported here: a worker process sets its limits before numpy and Pillow are loaded.
"""
