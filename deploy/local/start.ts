// npm start: the whole service on this machine.
import { foreground } from './foreground.ts'

await foreground(process.env, process.argv.slice(2))
