"""The smallest complete WSGI application, without any dependency: kirin hello:app

It greets, shows what the server tells an application about a request, and counts what each worker process has answered.
"""

import html
import os
from itertools import count
from urllib.parse import parse_qs

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hello from Kirin</title>
<style>
  body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 10vh auto; padding: 0 1rem }}
  td {{ padding: .1rem 1rem .1rem 0; vertical-align: top; overflow-wrap: anywhere }}
  td:first-child {{ color: gray; white-space: nowrap }}
</style>
<h1>Hello, {name}!</h1>
<p>This is answer {number} of worker process {pid}. <a href="?name=you">Call me by a name</a>, or reload the page.</p>
<table>{rows}</table>
</html>
"""

answers = count(1)


def app(environ, start_response):
    name = parse_qs(environ["QUERY_STRING"]).get("name", ["world"])[0]
    rows = "".join(
        f"<tr><td>{html.escape(key)}<td>{html.escape(value)}"
        for key, value in sorted(environ.items())
        if isinstance(value, str)
    )
    page = PAGE.format(name=html.escape(name), number=next(answers), pid=os.getpid(), rows=rows)
    body = page.encode("utf-8")
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
