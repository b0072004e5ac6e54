// Puts each section that the origin sends in its place; what did not change is not touched, so nothing loses its focus.
const light = document.getElementById('live')
const say = (text, state) => {
  light.textContent = text
  light.dataset.state = state
}
const events = new EventSource('/dashboard/events')
let quiet
const heard = () => {
  clearTimeout(quiet)
  quiet = setTimeout(() => say('no news for some seconds', 'bad'), 5000)
}
events.addEventListener('open', () => say('live', 'good'))
events.addEventListener('sections', event => {
  heard()
  say('live', 'good')
  for (const { id, html } of JSON.parse(event.data)) {
    const section = document.getElementById(id)
    if (section !== null) section.innerHTML = html
  }
})
events.addEventListener('error', () => {
  // An answer other than 200 ends it for good: the session is over.
  if (events.readyState === EventSource.CLOSED) say('signed out: load the page again', 'bad')
  else say('this origin does not answer: trying again', 'bad')
})
