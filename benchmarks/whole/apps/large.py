"""A response of 100 kB in one piece."""

BODY = b"x" * 100_000


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(BODY)))])
    return [BODY]
