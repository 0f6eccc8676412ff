"""Computes for some milliseconds, in Python, and touches nothing that threads share."""


def app(environ, start_response):
    total = 0
    for number in range(50_000):
        total += number * number % 7
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"%05d" % (total % 100_000)]
