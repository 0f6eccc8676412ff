"""Reads the whole body and answers how many bytes it had."""


def app(environ, start_response):
    stream = environ["wsgi.input"]
    total = 0
    while chunk := stream.read(65536):
        total += len(chunk)
    body = str(total).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
