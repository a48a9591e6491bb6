"""Asks a cache at a port everything that pymemcache has a method for and the cache a command; fails at the first wrong answer."""
import sys

from pymemcache.client.base import Client


def same(found, expected):
    if found != expected:
        raise AssertionError(f"{repr(found)[:500]} and not {repr(expected)[:500]}")


client = Client(("127.0.0.1", int(sys.argv[1])), default_noreply=False)
same(client.set("a", b"one\r\nEND\r\n"), True)
same(client.get("a"), b"one\r\nEND\r\n")
same(client.get("none"), None)
same(client.get("none", default=7), 7)
same(client.add("a", b"x"), False)
same(client.add("b", b"x"), True)
same(client.replace("none", b"x"), False)
same(client.replace("b", b"y"), True)
same(client.append("b", b"z"), True)
same(client.prepend("b", b"x"), True)
same(client.get("b"), b"xyz")

value, token = client.gets("b")
same(value, b"xyz")
same(client.cas("b", b"new", token), True)
same(client.cas("b", b"newer", token), False)
same(client.cas("none", b"x", token), None)
same(client.get("b"), b"new")

same(client.set("n", b"10"), True)
same(client.incr("n", 5), 15)
same(client.decr("n", 4), 11)
same(client.incr("none", 1), None)
same(client.touch("n", 100), True)
same(client.touch("none", 100), False)
same(client.delete("n"), True)
same(client.delete("n"), False)
same(client.set("gone", b"x", expire=-1), True)
same(client.get("gone"), None)

many = {f"many-{number}": bytes([number % 256]) * (number * 7) for number in range(1000)}
same(client.set_many(many), [])
same(client.get_many([*many, "none"]), many)
same(client.delete_many(list(many)[:500]), True)
same(client.get_many(many), dict(list(many.items())[500:]))

same(client.set("quiet", b"x" * 100000, noreply=True), True)
same(client.get("quiet"), b"x" * 100000)
same(client.incr("none", 1, noreply=True), None)
same(client.delete("quiet", noreply=True), True)
same(client.get("quiet"), None)

statistics = client.stats()
same(statistics[b"curr_items"], 502)
same(statistics[b"memory_origin"], b"new")
same(statistics[b"cmd_get"] - statistics[b"get_hits"], statistics[b"get_misses"])
same(client.version().startswith(b"1.6."), True)

same(client.flush_all(), True)
same(client.get_many(["a", "b"]), {})
client.quit()
print("done")
