"""From conversations to token ids and loss masks, audited row by row.

Takes:    the three splits and the base model's tokenizer with its chat template.
Gives:    `train.jsonl` and `validation.jsonl` (id, input_ids, labels; -100 where no loss is taken), `audit.jsonl` with
          one line for each row, `summary.json`.
Promises: loss on assistant turns only, the end-of-turn token inside the mask, the tokens before an answer equal to
          what the model is prompted with when it serves; each row that is dropped is counted by its cause.
Refuses:  templates whose prefix changes when a turn is added (they cannot be masked), and more dropped rows than allowed.
"""
