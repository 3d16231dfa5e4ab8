"""Answers the pings of Caretaker's warmer inside a Lambda function.

No ping reaches the function's own code, and the warmer learns which environments it has reached:

    import ping

    @ping.wrap
    def handler(event, context):
        ...

Anything that can be called is wrapped: `handler = ping.wrap(Mangum(app))`. Everything but a ping
reaches it as the very object that Lambda gave.

The file is yours to keep: `caretaker warmer middleware --lang python` wrote it, and it imports the
standard library alone. docs/warmer-protocol.md of Caretaker is the protocol.
"""

import functools
import json
import os
import threading
import time

PROTOCOL = 1

_LARGEST = 1024  # bytes; what is larger is a real event
_HIGHEST_VERSION = 1000  # of the protocol, in a ping
_LONGEST_HOLD = 10_000  # ms; a ping that asks for more is not held at all
_FOREIGN_HOLD = 75  # ms
_CAUSED_WITHIN = 1_000  # ms; a first ping that arrives so soon after the init has waited for it
_LONGEST_INIT = 3_600  # s; what Linux says beyond this is not the age of a Lambda process


def wrap(handler=None, *, accept=()):
    """Has pings answered before handler sees them.

    `accept` names other warmers whose pings are answered as well: `@ping.wrap(accept=["lambda-warmer"])`.
    Never accept what your real events may look like: {} is a ping to some of them.
    """
    _check(accept)
    if handler is None:
        return functools.partial(wrap, accept=accept)
    _here.wrapped()

    @functools.wraps(handler)
    def wrapped(event, context):
        pong = _here.answer(event, context, accept)
        return handler(event, context) if pong is None else pong

    return wrapped


def answer(event, context, accept=()):
    """Answers a ping after its hold, or None for a real event: for handlers that cannot be wrapped."""
    _check(accept)
    return _here.answer(event, context, accept)


def _check(accept):
    for name in [accept] if isinstance(accept, str) else accept:
        if isinstance(accept, str) or name not in _FOREIGN:
            raise ValueError(f"accept: {name!r} is not allowed: a list of {', '.join(sorted(_FOREIGN))}")


class _Environment:
    """What the answers tell of this environment.

    It goes by the wall clock, since the monotonic clock may stand still while Lambda has the
    environment frozen.
    """

    def __init__(self):
        self.ready = time.time()
        self.began = self.ready - _process_age()
        self.id = None  # made by the first call that needs it: a snapshot would copy one made in the init
        self.pings = self.requests = 0
        self.last_request = None
        self.lock = threading.Lock()
        self.is_wrapped = False

    def wrapped(self):
        """Ends the init, the first time."""
        if not self.is_wrapped:
            self.is_wrapped, self.ready = True, time.time()

    def answer(self, event, context, accept):
        arrived = time.time()
        hold = _hold(event, accept)
        with self.lock:
            if hold is None:
                self.requests += 1
                self.last_request = arrived
                return None
            self.id = self.id or os.urandom(16).hex()
            self.pings += 1
            pong = {
                "protocol": PROTOCOL,
                "environment": self.id,
                "version": os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
                "initType": os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", ""),
                "pings": self.pings,
                "requests": self.requests,
                "initMs": _between(self.began, self.ready),
                "sinceInitMs": _between(self.ready, arrived),
                "arrivedMs": int(arrived * 1000),
                "heldMs": 0,
                "sinceRequestMs": None if self.last_request is None else _between(self.last_request, arrived),
            }
        # The common time came nearer while this ping waited for the init that it caused.
        if pong["pings"] == 1 and pong["requests"] == 0 and pong["sinceInitMs"] < _CAUSED_WITHIN:
            hold -= pong["initMs"]
        pong["heldMs"] = _held(hold, context)
        return {"caretakerPong": pong}


def _process_age():
    """How many seconds ago the process started, or 0 where Linux does not say so."""
    try:
        with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
            started = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return 0
    return age if 0 <= age <= _LONGEST_INIT else 0


def _between(start, end):
    """Milliseconds, never negative: wall clocks may be set back."""
    return max(0, int((end - start) * 1000))


def _held(hold, context):
    """Waits for the hold, but never past half of the time that the call has left, and says how long it was.

    A call that does not know its time left is not in Lambda, and is not held.
    """
    left = getattr(context, "get_remaining_time_in_millis", None)
    hold = min(hold, left() / 2) if left else 0
    if hold <= 0:
        return 0
    began = time.monotonic()
    time.sleep(hold / 1000)
    return round((time.monotonic() - began) * 1000)


def _hold(event, accept):
    """How long a ping asks to be held, in milliseconds; None for a real event."""
    hold = _own(event)
    if hold is None and any(_FOREIGN[name](event) for name in accept):
        hold = _FOREIGN_HOLD
    return hold if hold is not None and _size(event) <= _LARGEST else None


def _own(event):
    """The hold of a ping of Caretaker."""
    if not isinstance(event, dict) or len(event) != 1:
        return None
    ping = event.get("caretakerPing")
    if not isinstance(ping, dict) or _whole(ping.get("protocol"), 1, _HIGHEST_VERSION) is None:
        return None
    return _whole(ping.get("holdMs"), 0, _LONGEST_HOLD) or 0


def _whole(value, least, most):
    """A whole number from least to most: 750 and 750.0, but not "750", True, 1.5 or 1e400."""
    if type(value) not in (int, float) or not least <= value <= most or value != int(value):
        return None
    return int(value)


def _size(event):
    """Bytes of the shortest encoding."""
    return len(json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _marked(key, value, *others):
    """An object with that value under that key, and no keys but the others named."""
    names = {key, *others}
    return lambda event: isinstance(event, dict) and type(event.get(key)) is type(value) and event[key] == value and names.issuperset(event)


def _flagged(*others):
    """One object marked warmer, or a list of them."""
    one = _marked("warmer", True, *others)
    return lambda event: bool(event) and all(map(one, event)) if isinstance(event, list) else one(event)


def _thundra(event):
    """An empty object, or a string."""
    return event == {} or isinstance(event, str) and event.startswith("#warmup")


# The other warmers and what their pings look like: all keys must be those of the library.
_FOREIGN = {
    "lambda-warmer": _flagged("concurrency", "target", "test", "__WARMER_INVOCATION__", "__WARMER_CONCURRENCY__", "__WARMER_CORRELATIONID__"),
    "lambda-warmer-py": _flagged("concurrency", "__WARMER_INVOCATION__", "__WARMER_CONCURRENCY__", "__WARMER_CORRELATION_ID__"),
    "lambda-warmer-go": _flagged("concurrency", "warmerinvocation", "warmerInvocation", "warmerConcurrency", "correlationId"),
    "serverless-plugin-warmup": _marked("source", "serverless-plugin-warmup"),
    "serverless-plugin-lambda-warmup": _marked("source", "serverless-plugin-lambda-warmup"),
    "opennext": _marked("type", "warmer", "warmerId", "index", "concurrency", "delay"),
    "thundra-lambda-warmup": _thundra,
}

_here = _Environment()  # Lambda has one process in each environment
