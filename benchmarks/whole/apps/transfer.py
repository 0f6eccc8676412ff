"""Downloads and uploads of 1 GB: a GET is answered with that much, of a POST the bytes are counted."""

CHUNK = b"x" * 100_000
CHUNKS = 10_000


def app(environ, start_response):
    if environ["REQUEST_METHOD"] == "GET":
        length = len(CHUNK) * CHUNKS if environ["QUERY_STRING"] == "download" else 0
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(length))])
        return (CHUNK for _ in range(length // len(CHUNK)))
    stream = environ["wsgi.input"]
    total = 0
    while chunk := stream.read(65536):
        total += len(chunk)
    body = str(total).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
