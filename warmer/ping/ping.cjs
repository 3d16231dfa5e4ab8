/**
 * Answers the pings of Caretaker's warmer inside a Lambda function, so that no ping reaches the
 * function's own code and the warmer learns which environments it has reached:
 *
 *     const { wrap } = require("./ping.cjs")            // or: import { wrap } from "./ping.cjs"
 *     exports.handler = wrap(async (event, context) => { ... })
 *
 * Everything but a ping reaches the handler as the very object that Lambda gave. A handler that
 * streams asks `answer` instead, inside awslambda.streamifyResponse:
 *
 *     const pong = await answer(event, context)
 *     if (pong) { responseStream.end(JSON.stringify(pong)); return }
 *
 * The file is yours to keep: `caretaker warmer middleware --lang node` wrote it, and it requires
 * nothing that is not Node's own. docs/warmer-protocol.md of Caretaker is the protocol.
 */
"use strict"

const { randomBytes } = require("node:crypto")

const PROTOCOL = 1

const LARGEST = 1024 // bytes; what is larger is a real event
const HIGHEST_VERSION = 1000 // of the protocol, in a ping
const LONGEST_HOLD = 10_000 // ms; a ping that asks for more is not held at all
const FOREIGN_HOLD = 75 // ms
const CAUSED_WITHIN = 1_000 // ms; a first ping that arrives so soon after the init has waited for it

/**
 * Has pings answered before handler sees them. `accept` names other warmers whose pings are
 * answered as well: `wrap(handler, { accept: ["lambda-warmer"] })`. Never accept what your real
 * events may look like: {} is a ping to some of them.
 */
function wrap(handler, { accept = [] } = {}) {
  check(accept)
  if (handler[Symbol.for("aws.lambda.runtime.handler.streaming")]) {
    throw new TypeError("wrap: a handler that streams asks answer() inside awslambda.streamifyResponse instead")
  }
  if (!here.wrapped) initialised()
  here.wrapped = true
  const wrapped = function (args) {
    const hold = holdOf(args[0], accept)
    if (hold !== undefined) return pong(hold, args[1])
    realRequest()
    return handler.apply(this, args)
  }
  // Lambda tells by the number of parameters whether a handler takes a callback.
  return handler.length > 2
    ? function (event, context, callback) { return wrapped.call(this, [event, context, callback]) } // prettier-ignore
    : function (event, context) { return wrapped.call(this, arguments) } // prettier-ignore
}

/** Answers a ping after its hold, or undefined for a real event: for handlers that cannot be wrapped. */
async function answer(event, context, { accept = [] } = {}) {
  check(accept)
  const hold = holdOf(event, accept)
  if (hold !== undefined) return pong(hold, context)
  realRequest()
  return undefined
}

function check(accept) {
  for (const name of Array.isArray(accept) ? accept : [undefined]) {
    if (typeof name !== "string" || !Object.hasOwn(FOREIGN, name)) {
      throw new RangeError(`accept: ${JSON.stringify(name ?? accept)} is not allowed: a list of ${Object.keys(FOREIGN).sort().join(", ")}`)
    }
  }
}

// What the answers tell of this environment: Lambda has one process in each. It goes by the wall
// clock, since the monotonic clock may stand still while Lambda has the environment frozen.
const here = { pings: 0, requests: 0, wrapped: false }

/** Sets the end of the init; performance.now() counts from the start of the process. */
function initialised() {
  here.ready = Date.now()
  here.initMs = Math.round(performance.now())
}
initialised()

function realRequest() {
  here.requests++
  here.lastRequest = Date.now()
}

async function pong(hold, context) {
  const arrived = Date.now()
  here.id ??= randomBytes(16).toString("hex") // in a call: a snapshot would copy one made in the init
  here.pings++
  const pong = {
    protocol: PROTOCOL,
    environment: here.id,
    version: process.env.AWS_LAMBDA_FUNCTION_VERSION ?? "",
    initType: process.env.AWS_LAMBDA_INITIALIZATION_TYPE ?? "",
    pings: here.pings,
    requests: here.requests,
    initMs: here.initMs,
    sinceInitMs: between(here.ready, arrived),
    arrivedMs: arrived,
    heldMs: 0,
    sinceRequestMs: here.lastRequest === undefined ? null : between(here.lastRequest, arrived),
  }
  // The common time came nearer while this ping waited for the init that it caused.
  if (pong.pings === 1 && pong.requests === 0 && pong.sinceInitMs < CAUSED_WITHIN) hold -= pong.initMs
  pong.heldMs = await held(hold, context)
  return { caretakerPong: pong }
}

/** Milliseconds, never negative: wall clocks may be set back. */
function between(from, to) {
  return Math.max(0, to - from)
}

/**
 * Waits for the hold, but never past half of the time that the call has left, and says how long it
 * was. A call that does not know its time left is not in Lambda, and is not held.
 */
async function held(hold, context) {
  hold = Math.min(hold, (context?.getRemainingTimeInMillis?.() ?? 0) / 2)
  if (!(hold > 0)) return 0
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, Math.ceil(hold)))
  return Math.round(performance.now() - began)
}

/** How long a ping asks to be held, in milliseconds; undefined for a real event. */
function holdOf(event, accept) {
  let hold = own(event)
  if (hold === undefined && accept.some((name) => FOREIGN[name](event))) hold = FOREIGN_HOLD
  return hold !== undefined && Buffer.byteLength(JSON.stringify(event)) <= LARGEST ? hold : undefined
}

/** The hold of a ping of Caretaker. */
function own(event) {
  if (!isObject(event) || !Object.hasOwn(event, "caretakerPing") || Object.keys(event).length !== 1) return undefined
  const ping = event.caretakerPing
  if (!isObject(ping) || whole(ping.protocol, 1, HIGHEST_VERSION) === undefined) return undefined
  return whole(ping.holdMs, 0, LONGEST_HOLD) ?? 0
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** A whole number from least to most: 750 and 750.0, but not "750", true, 1.5 or 1e400. */
function whole(value, least, most) {
  return Number.isInteger(value) && value >= least && value <= most ? value : undefined
}

/** An object with that value under that key, and no keys but the others named. */
function marked(key, value, ...others) {
  return (event) => isObject(event) && Object.hasOwn(event, key) && event[key] === value && Object.keys(event).every((name) => name === key || others.includes(name))
}

/** One object marked warmer, or a list of them. */
function flagged(...others) {
  const one = marked("warmer", true, ...others)
  return (event) => (Array.isArray(event) ? event.length > 0 && event.every(one) : one(event))
}

/** An empty object, or a string. */
function thundra(event) {
  return (isObject(event) && Object.keys(event).length === 0) || (typeof event === "string" && event.startsWith("#warmup"))
}

// The other warmers and what their pings look like: all keys must be those of the library.
const FOREIGN = {
  "lambda-warmer": flagged("concurrency", "target", "test", "__WARMER_INVOCATION__", "__WARMER_CONCURRENCY__", "__WARMER_CORRELATIONID__"),
  "lambda-warmer-py": flagged("concurrency", "__WARMER_INVOCATION__", "__WARMER_CONCURRENCY__", "__WARMER_CORRELATION_ID__"),
  "lambda-warmer-go": flagged("concurrency", "warmerinvocation", "warmerInvocation", "warmerConcurrency", "correlationId"),
  "serverless-plugin-warmup": marked("source", "serverless-plugin-warmup"),
  "serverless-plugin-lambda-warmup": marked("source", "serverless-plugin-lambda-warmup"),
  opennext: marked("type", "warmer", "warmerId", "index", "concurrency", "delay"),
  "thundra-lambda-warmup": thundra,
}

module.exports = { wrap, answer, PROTOCOL }
