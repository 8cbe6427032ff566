"""From token ids and loss masks to an adapter.

Takes:    the rendered splits and the base model.
Gives:    `adapter/` (PEFT safetensors), `chat_template.jinja` (the rendering's), `history.json` (loss curve as data),
          `training.json` (what was trained, with which choices, how it went); under `notes/` the curve as a plot and
          the timings.
Promises: the seed is set before the adapter is made; a killed run goes on from its newest complete checkpoint, a
          damaged one is skipped; the adapter kept is the one with the lowest validation loss; every choice made for
          this machine (quantisation, compute type, optimiser) is said; packed rows do not see each other.
Refuses:  a loss that is not a number, an adapter that targets no module, pickled weights, packing on an architecture
          that does not keep packed rows apart.
"""
