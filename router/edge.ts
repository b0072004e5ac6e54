// The Worker's entry (wrangler.toml).
import { edgeWorker } from './edgeworker.ts'

export default edgeWorker()
