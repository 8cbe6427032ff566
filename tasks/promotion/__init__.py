"""From a proven serving directory to a release, and the pointer that says which release serves.

Takes:    the references of every stage of one run, a name, the verdict and the proofs among them.
Gives:    `releases/<name>/v<N>/` (model, adapter, serve.sh, report, `release.json` with the whole lineage, the model
          card `README.md`, the bill of materials `sbom.cdx.json`, `SHA256SUMS`, and where asked for `release.sig`),
          the link `champion` beside it, and `history.jsonl`, one line for each move of that link.
Promises: a release appears by one rename, whole, with a checksum for each file; the pointer moves by one rename; the
          same run makes one release however often it is promoted, and a release that was rolled back stays back; any
          release can be checked again from its own files, offline.
Refuses:  a verdict other than pass, a serving directory no server has answered from (unless told otherwise), damaged
          files, a signing key that others can read, and a rollback to a release that is not there or not whole.
"""
