// For the tests: the ways in which users' handlers meet ping.cjs.
const assert = require("node:assert/strict")
const { wrap, answer } = require(`${process.cwd()}/ping.cjs`)

const ping = { caretakerPing: { protocol: 1, holdMs: 0 } }

async function run() {
  // What a handler returns or throws comes through as it is, and at once if the handler is not async.
  const result = {}
  assert.equal(wrap(() => result)({}), result)
  assert.throws(() => wrap(() => { throw new Error("no such order") })({}), /no such order/) // prettier-ignore
  await assert.rejects(wrap(async () => { throw new Error("no such order") })({}), /no such order/) // prettier-ignore

  // Lambda gives a callback to handlers with three parameters, and refuses those in newer versions.
  const called = await new Promise((resolve) => wrap((event, context, callback) => callback(null, event.order))({ order: 7 }, {}, (_, order) => resolve(order)))
  assert.equal(called, 7)
  assert.equal(wrap((event, context, callback) => callback()).length, 3)
  assert.equal(wrap(async (event, context) => context).length, 2)
  assert.equal(wrap(async () => 7).length, 2)
  const all = await wrap((...args) => args)(1, 2, 3)
  assert.deepEqual(all, [1, 2, 3])
  assert.ok((await wrap((event, context, callback) => callback())(ping, {}, () => assert.fail("the ping reached the handler"))).caretakerPong)

  // A wrapped handler that streams would be an ordinary one to Lambda.
  const streaming = Object.assign(async () => {}, { [Symbol.for("aws.lambda.runtime.handler.streaming")]: "response" })
  assert.throws(() => wrap(streaming), /answer\(\)/)
  assert.equal(await answer({ order: 7 }, {}), undefined)
  assert.ok((await answer(ping, {})).caretakerPong)

  for (const accept of [["lambda-warmr"], "lambda-warmer", [["lambda-warmer"]], { 0: "lambda-warmer" }]) {
    assert.throws(() => wrap(() => {}, { accept }), /is not allowed: a list of lambda-warmer, lambda-warmer-go/)
  }
  assert.equal((await import(`${process.cwd()}/ping.cjs`)).wrap, wrap)
}
run()
