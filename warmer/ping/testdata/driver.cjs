// For the tests: it is Lambda to ping.cjs. A line of stdin is an event, a line of stdout what came of it.
const { createInterface } = require("node:readline")
const { wrap } = require(`${process.cwd()}/ping.cjs`)

async function run() {
  for await (const line of createInterface({ input: process.stdin })) {
    const call = JSON.parse(line)
    const event = JSON.parse(call.event)
    const got = []
    const handler = wrap((e) => void got.push(e), { accept: call.accept })
    const answer = await handler(event, call.left === null ? {} : { getRemainingTimeInMillis: () => call.left })
    // The very object must come through.
    console.log(JSON.stringify({ answer: answer ?? null, handler: got.length === 1 && got[0] === event }))
  }
}
run()
