// The bulk helpers of @elastic/elasticsearch and @opensearch-project/opensearch; the second is chosen by #opensearch.
'use strict'
const { serve, text, failed, bad, boom } = require('./loop')
const [url, which] = process.argv[2].split('#')
const { Client } = require(which === 'opensearch' ? '@opensearch-project/opensearch' : '@elastic/elasticsearch')
const client = new Client({ node: url })

const documentOf = (n, spoilt) => {
  if (spoilt && bad(n)) return [n]
  const made = { '@timestamp': new Date().toISOString(), message: text(n), log: { level: failed(n) ? 'error' : 'warn' } }
  Object.assign(made, { service: { name: 'shop' }, trace: { id: `trace-${n}` }, order: n })
  if (failed(n)) made.error = { stack_trace: boom().stack }
  return made
}

serve(async (numbers, spoilt) => {
  let dropped = 0
  const result = await client.helpers.bulk({
    datasource: numbers.map((n) => documentOf(n, spoilt)),
    onDocument: () => ({ index: { _index: 'app' } }),
    onDrop: () => { dropped++ },
    wait: 100
  })
  const expected = spoilt ? numbers.filter(bad).length : 0
  if (dropped !== expected || result.failed !== expected) throw new Error(`${dropped} dropped`)
})
