"""The REST API of the site's own systems, under /api/v1/: who may do what is as in the console."""
