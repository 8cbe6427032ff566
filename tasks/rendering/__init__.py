"""From conversations to token ids and loss masks, audited row by row.

Takes:    the three splits and the base model's tokenizer with its chat template.
Gives:    `train.jsonl` and `validation.jsonl` (id, input_ids, labels; -100 where no loss is taken), `audit.jsonl` with
          one line for each row, `summary.json`.
Promises: loss on assistant turns only, the end-of-turn token (one that generation stops at) inside the mask, the tokens
          before an answer equal to what the model is prompted with when it serves; each row that is dropped is counted
          by its cause; a failed budget leaves the audit where the message says.
Refuses:  rows that cannot be masked (a template whose prefix changes when a turn is added, a token across a border, a
          special token spelled in the content), more dropped or cut rows than allowed, a length the model cannot read.
"""
