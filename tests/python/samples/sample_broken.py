import nothing_of_that_name  # noqa: F401
