// npm start with the origin script that is named: a process that a test can kill.
import { foreground } from '../../../deploy/local/foreground.ts'

const [originScript] = process.argv.slice(2)
if (originScript === undefined) throw new Error('no origin script')
await foreground(process.env, [], { originScript })
