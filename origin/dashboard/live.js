// Puts each section that the origin sends in its place; what did not change is not touched, so nothing loses its focus.
// Where no news comes, the page says so and loses its colours: an old green light must not calm anybody.
const QUIET_MS = 5000
const AGAIN_MS = 3000
const state = document.getElementById('live')
const stale = document.getElementById('stale')
const page = document.title
let events
let quiet
let since = Date.now()

const time = at => `${new Date(at).toISOString().slice(11, 19)} UTC`

function fresh() {
  clearTimeout(quiet)
  quiet = setTimeout(() => old('no news'), QUIET_MS)
  since = Date.now()
  stale.hidden = true
  delete document.body.dataset.stale
  state.textContent = 'live'
  state.dataset.state = 'good'
  const light = document.querySelector('[data-pair]')
  document.title = light === null ? page : `${light.dataset.pair} · ${page}`
}

function old(why) {
  state.textContent = why
  state.dataset.state = 'bad'
  document.body.dataset.stale = ''
  document.title = `not live · ${page}`
  stale.hidden = false
  stale.querySelector('time').textContent = time(since)
}

function put({ id, html }) {
  const section = document.getElementById(id)
  if (section !== null) section.innerHTML = html
}

/** A stream that was refused ends for good: because the session is over, or because the origin is busy or starting. */
async function refused() {
  const answer = await fetch('/dashboard', { method: 'HEAD', redirect: 'manual' }).catch(() => null)
  if (answer?.status === 401) return old('signed out: load the page again')
  old('this origin does not answer: trying again')
  setTimeout(listen, AGAIN_MS)
}

function listen() {
  events = new EventSource('/dashboard/events')
  events.addEventListener('sections', event => {
    for (const section of JSON.parse(event.data)) put(section)
    fresh()
  })
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) void refused()
    else old('this origin does not answer: trying again')
  })
}

listen()
