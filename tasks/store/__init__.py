"""Content-addressed artefact directories and the references that name them.

Takes:    a stage's name and version, the digests of its inputs, its parameters; a function that writes a directory.
Gives:    a `Ref` (kind, key, path, digest, counts): small, JSON, the only thing that stages pass to each other.
Promises: a directory without a manifest does not exist; a manifest is written last and moved in by one rename; a hit
          counts only when every file's digest still holds; two runs never write the same key at once.
Refuses:  a damaged or half-written directory (it is set aside and built again).
"""
