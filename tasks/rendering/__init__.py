"""From conversations to token ids and loss masks, audited row by row.

Takes:    the three splits and the base model's tokenizer; a chat template: the tokenizer's, a named one, or a file.
Gives:    `train.jsonl` and `validation.jsonl` (id, input_ids, labels; -100 where no loss is taken), `audit.jsonl` with
          one line for each row, `chat_template.jinja` (what rows were rendered with, for whatever asks or serves the
          model), `summary.json` (sums, lengths, suggested limit, the template's sha256), `notes/lengths.svg`.
Promises: loss on assistant turns only (tool calls included; all turns or the last), the end-of-turn token (one that
          generation stops at) inside the mask, the tokens before an answer equal to what the model is prompted with
          when it serves, every turn and tool of a row really rendered; each row that is dropped is counted by its
          cause; rejected answers of preference rows are counted and left out; a failed budget leaves the audit where
          the message says.
Refuses:  rows that cannot be masked (a template whose prefix changes when a turn is added, that rewrites the answer or
          passes over tools, a token across a border, a special token spelled in the content), more dropped or cut rows
          than allowed, a length the model cannot read, a template whose tokens the tokenizer lacks.
"""
