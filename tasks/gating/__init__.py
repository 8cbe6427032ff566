"""The verdict: may the tuned model replace the base model?

Takes:    two evaluation artefacts over the same items, one of the base model and one of the tuned model.
Gives:    `verdict.json`: one outcome, a row for each comparison with its interval and its margin, and the reasons as
          sentences with every number in them.
Promises: items are compared in pairs, by id; a comparison passes or fails only when its whole interval lies on one side
          of the margin, so that a model whose true drop is the margin passes with a probability of at most alpha.
          Everything between is `inconclusive`, and blocks as `fail` does.
Refuses:  evaluations over different items, items listed twice, prompts that differ between the two models.
"""
