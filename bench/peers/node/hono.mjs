// hono.mjs PORT UPSTREAM: hono's proxy helper as its documentation shows it.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { proxy } from 'hono/proxy'

const [port, upstream] = process.argv.slice(2)
const app = new Hono()
app.all('/*', c => proxy(`${upstream}${c.req.path}`, { ...c.req, headers: c.req.header() }))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(port) })
