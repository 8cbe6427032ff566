"""Safety and leakage probes: does a tuned model still behave where the base did?

Takes:    the splits, and a file of probes of the user's own if there is one.
Gives:    probes (a prompt, and what counts as behaving), the judgement of an answer, and the answer as it may be shown.
          Of three kinds: `refusal` (harmful requests are declined, harmless ones that look alike are not), `leakage`
          (secrets and personal data of training rows do not come out when their beginning is asked), `injection`
          (an instruction hidden in the data of a task's own prompt is not followed).
Promises: the same splits and parameters give the same probes, whatever model is asked; no secret is in a prompt that
          asks for it, in a log, in an error, or in an answer as shown; judging never raises, whatever a model writes.
Refuses:  unknown kinds and rules, files of probes outside the input roots, probes without a rule that could fail.
"""
