"""The human gate: a model that passed waits until somebody approves it.

Takes:    the stages of a candidate, its verdict and its report among them.
Gives:    an answer (approve or reject, by whom, why, when), kept under `<home>/approvals/<name>/`.
Promises: no answer in time is a rejection; an approval has a name and a reason; an answer is for one content, so a
          candidate that was approved is not asked about again and another one always is; a waiting run keeps no process
          and no slot. Off unless asked for.
Refuses:  a run that cannot wait: one without a deployment, or one within another run. Before anything is paid for.
"""
