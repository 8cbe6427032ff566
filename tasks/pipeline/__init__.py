"""The one way through: which stage follows which, for the flows that share parts of it.

Takes:    the parameters of `finetune`, whole or in parts.
Gives:    the references of all stages by role, and what a run ends with.
Promises: a model whose verdict is not `pass` is neither merged nor released; its adapter and its report stay.
Refuses:  nothing by itself; each stage does.
"""
