// The same as function/function.go, for Node.
const { appendFileSync } = require("node:fs")
const { wrap } = require("./ping.cjs")

function noted(what) {
  if (process.env.WITNESS) appendFileSync(process.env.WITNESS, `${process.pid} ${what}\n`)
}

const init = /^(\d+)(ms|s)$/.exec(process.env.INIT ?? "")
if (init) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, init[1] * (init[2] === "s" ? 1000 : 1))

const work = async (event) => {
  noted("event")
  return event
}
const wrapped = process.env.MIDDLEWARE === "none" ? work : wrap(work)

exports.handler = async (event, context) => {
  if (event?.caretakerPing && wrapped !== work) noted("ping")
  return wrapped(event, context)
}
