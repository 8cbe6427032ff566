"""The verdict: may the tuned model replace the base model, and the one that serves?

Takes:    evaluation artefacts over the same items: of the base model, of the tuned model, of the champion where one
          serves, and of trainings with other seeds where a noise floor was asked for. A policy file, if there is one.
Gives:    `verdict.json`: one outcome, a row for each comparison with its interval and its margin, the reasons as
          sentences with every number in them, the policy's text, the champion's name, the noise floor.
Promises: items are compared in pairs, by id. A row that must pass does so only when its whole interval lies above its
          margin, and every such row must pass: a model whose true drop is a margin passes with a probability of at most
          alpha. A row that may only fail (a field, a general task, a kind of guardrail) does so only when the drop is
          proven after Holm's correction. Everything between is `inconclusive`, and blocks as `fail` does.
Refuses:  evaluations over different items, items listed twice, prompts that differ between base and tuned model, other
          engines or number types, policies with rules for what is not measured.
"""
