// Sends a file as the command line says, with tus-js-client: node upload.mjs '{"endpoint": ..., "path": ..., ...}'
// Prints one line of JSON: the upload's address, or the error.

import { createReadStream, openSync } from 'node:fs'
import { stdout } from 'node:process'
import * as tus from 'tus-js-client'

const { path, abortAtBytes, terminate, deferred, ...options } = JSON.parse(process.argv[2])

function tell(outcome) {
  stdout.write(`${JSON.stringify(outcome)}\n`)
}

// By its descriptor alone the client does not know the size of a file: what comes then is a stream.
const file = deferred ? createReadStream(path, { fd: openSync(path) }) : createReadStream(path)
const upload = new tus.Upload(file, {
  ...options,
  uploadLengthDeferred: Boolean(deferred),
  headers: { Authorization: 'Bearer ann' },
  onError: (error) => tell({ error: String(error), status: error.originalResponse?.getStatus() }),
  onSuccess: () => tell({ url: upload.url }),
  onChunkComplete: async (_size, accepted) => {
    if (abortAtBytes && accepted >= abortAtBytes) {
      await upload.abort(Boolean(terminate))
      tell({ url: upload.url, accepted })
    }
  },
})
upload.start()
