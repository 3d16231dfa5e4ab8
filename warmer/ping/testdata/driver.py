# For the tests: it is Lambda to ping.py. A line of stdin is an event, a line of stdout what came of it.
import json
import os
import sys

sys.path.insert(0, os.getcwd())
import ping


class Context:
    def __init__(self, left):
        if left is not None:
            self.get_remaining_time_in_millis = lambda: left


for line in sys.stdin:
    call = json.loads(line)
    event, got = json.loads(call["event"]), []
    handler = ping.wrap(lambda e, c: got.append(e), accept=call["accept"])
    answer = handler(event, Context(call["left"]))
    # The very object must come through.
    print(json.dumps({"answer": answer, "handler": len(got) == 1 and got[0] is event}), flush=True)
