# For the tests: the ways in which users' handlers meet ping.py.
import os
import sys

sys.path.insert(0, os.getcwd())
import ping

PING = {"caretakerPing": {"protocol": 1, "holdMs": 0}}


class App:
    def __call__(self, event, context):
        return event, context


def refused(run, kind, *parts):
    try:
        run()
    except kind as error:
        assert all(part in str(error) for part in parts), error
    else:
        raise AssertionError("it is not refused")


# A handler may be an object that can be called.
assert ping.wrap(App())([1], 2) == ([1], 2)
assert "caretakerPong" in ping.wrap(App())(PING, None)


@ping.wrap
def handler(event, context):
    """Orders."""
    raise KeyError(event["order"])


assert (handler.__name__, handler.__doc__) == ("handler", "Orders.")
refused(lambda: handler({"order": 7}, None), KeyError, "7")


@ping.wrap(accept=["lambda-warmer"])
def accepting(event, context):
    return event


assert "caretakerPong" in accepting({"warmer": True}, None)
assert accepting({"warmer": 1}, None) == {"warmer": 1}

assert ping.answer({"order": 7}, None) is None
assert "caretakerPong" in ping.answer(PING, None)

for accept in (["lambda-warmr"], "lambda-warmer"):
    refused(lambda: ping.wrap(App(), accept=accept), ValueError, "is not allowed: a list of lambda-warmer, lambda-warmer-go")
    refused(lambda: ping.answer({}, None, accept=accept), ValueError, "is not allowed")
