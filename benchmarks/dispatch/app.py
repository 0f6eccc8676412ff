"""What the servers run: requests of known length. `mix.ts` knows the same rules, and a test holds the two together.

/          nothing to do
/fast      1 ms, or ?ms=N; asleep, or with ?kind=spin busy with the processor for that long
/slow      200 ms, likewise
/mixed?n=N as /slow for one of a hundred numbers, else as /fast; only this module knows for which
"""

import time

FAST_MS = 1.0
SLOW_MS = 200.0


def app(environ, start_response):
    query = dict(part.split("=", 1) for part in environ["QUERY_STRING"].split("&") if "=" in part)
    milliseconds = float(query.get("ms", 0)) or milliseconds_of(environ["PATH_INFO"], int(query.get("n", 0)))
    if milliseconds:
        (spin if query.get("kind") == "spin" else sleep)(milliseconds / 1000)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, World!"]


def milliseconds_of(path, number):
    if path == "/mixed":
        path = "/slow" if is_slow(number) else "/fast"
    return {"/fast": FAST_MS, "/slow": SLOW_MS}.get(path, 0)


def is_slow(number):
    """One of a hundred numbers, as if each were drawn by itself."""
    mixed = (number + 1) * 0x9E3779B1 & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * 0x85EBCA6B & 0xFFFFFFFF
    return (mixed ^ mixed >> 13) % 100 == 0


sleep = time.sleep


def spin(seconds):
    """Processor time of this thread alone: how long that takes depends on who else wants the processor, or the GIL."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
