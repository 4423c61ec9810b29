// What loop.py is for Python: told on stdin what to log, saying on stdout what became of it.
'use strict'
const path = require('path')
const readline = require('readline')

exports.text = (n) => `mk-${String(n).padStart(5, '0')} paid`
exports.failed = (n) => n % 3 === 0
exports.bad = (n) => n % 20 === 7
// What a log has beside its message: for a bad one too much.
exports.large = (n, spoilt) => (spoilt && exports.bad(n) ? { large: 'x'.repeat(7000) } : {})
exports.boom = () => new Error('ValueError: card refused')

exports.serve = async (send, end) => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, first, count] = line.split(' ')
    const numbers = [...Array(Number(count)).keys()].map((n) => n + Number(first))
    try {
      const sure = await send(numbers, word === 'bad')
      console.log(sure === false ? 'logged' : 'sent', first, count)
    } catch (error) {
      console.log('failed', first, count, String(error).replace(/\n/g, ' ').slice(0, 300))
    }
  }
  if (end) await end()
  process.exit(0)
}

exports.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

// A package that is a module of its own kind only, which NODE_PATH doesn't reach.
exports.load = (name, file) => import(path.join(process.env.NODE_PATH, name, file))
